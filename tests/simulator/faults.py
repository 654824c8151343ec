"""What can be made to go wrong, at an endpoint, for one line or for one file."""

from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any

from tests.simulator.blobs import of_bytes
from tests.simulator.wire import Response, text_response

HTML_PAGE = (
    "<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"
)


@dataclass(slots=True)
class Fault:
    """One way to misbehave. Byte positions count from the start of the body that is being answered, but
    ``flip_at``, which is a place in the file: a resumed download meets the same wrong byte.

    What was asked is done when the real answer is given, and also with ``accepts``, whatever is answered. For a
    sending: ``hang_up=True`` closes the connection and nothing was sent; ``accepts=True, hang_up=True`` sends,
    with echo and statuses, and closes without an answer; ``accepts=True, status=502`` sends and lets a gateway say
    that it did not; ``answer_after=5`` sends at once and answers five seconds later, where ``delay`` waits before
    anything is done.
    """

    status: int | None = None
    body: str = ""
    content_type: str = "application/json"
    retry_after: str = ""
    html: bool = False
    redirect: str = ""
    expired: bool = False
    accepts: bool = False
    hang_up: bool = False
    answer_after: float = 0
    delay: float = 0
    slow: int = 0
    cut_at: int | None = None
    reset_at: int | None = None
    stall_at: int | None = None
    stall_seconds: float = 60
    truncate_at: int | None = None
    flip_at: int | None = None
    no_range: bool = False
    content_length: int | None = None
    times: int | None = None
    hits: int = field(default=0, init=False)

    @property
    def spent(self) -> bool:
        return self.times is not None and self.hits >= self.times

    def replacement(self) -> Response | None:
        """The answer given instead of the real one, if this fault gives one."""
        if self.html:
            return text_response(self.status or 200, HTML_PAGE, "text/html; charset=utf-8")
        if self.redirect:
            return Response(self.status or 302, of_bytes(b""), headers={"Location": self.redirect})
        if self.expired:
            return text_response(403, "URL signature expired")
        if self.status is None:
            return None
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        return Response(self.status, of_bytes(self.body.encode()), self.content_type, headers)

    @property
    def touches_body(self) -> bool:
        marks = (
            self.cut_at,
            self.reset_at,
            self.stall_at,
            self.truncate_at,
            self.flip_at,
            self.content_length,
        )
        return bool(self.slow) or any(mark is not None for mark in marks)


FIELDS = {item.name for item in fields(Fault) if item.init}


class FaultBook:
    """Faults by point: ``cdn``, ``download-media``; narrower as ``cdn:<file id>``, ``send-text@<line id>``."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: dict[str, list[Fault]] = {}

    def add(self, point: str, **facts: Any) -> Fault:
        fault = Fault(**facts)
        with self._lock:
            self._faults.setdefault(point, []).append(fault)
        return fault

    def clear(self, point: str = "") -> None:
        with self._lock:
            if point:
                self._faults.pop(point, None)
            else:
                self._faults.clear()

    def take(self, *points: str) -> Fault | None:
        """The first fault that still has turns left, narrowest point first; taking it uses one up."""
        with self._lock:
            for point in points:
                for fault in self._faults.get(point, ()):
                    if not fault.spent:
                        fault.hits += 1
                        return fault
        return None

    def listing(self) -> dict[str, list[dict[str, Any]]]:
        with self._lock:
            return {
                point: [{"hits": fault.hits, **changed(fault)} for fault in faults]
                for point, faults in self._faults.items()
            }


def changed(fault: Fault) -> dict[str, Any]:
    plain = Fault()
    return {name: getattr(fault, name) for name in FIELDS if getattr(fault, name) != getattr(plain, name)}
