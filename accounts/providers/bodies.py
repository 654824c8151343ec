"""The body of an answer, read straight into the caller's buffer."""

import http.client
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self

import requests

from accounts.providers import errors
from accounts.providers.faults import FOREIGN, translated

CHUNK = 64 * 1024
CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-\d{1,19}/(?:\d{1,19}|\*)")


class TooSlow(errors.Unavailable):
    """Asking for the rest at once would bring more of the same."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A body has to bring ``least`` bytes in each ``window`` of seconds."""

    least: int = 64 * 1024
    window: float = 60.0


class Body:
    """``length`` is bytes still to come, None when the source does not say; ``offset`` where in the file it starts.

    ``resumable`` tells whether a byte counted here is a byte of the file.
    """

    def __init__(self, response: requests.Response, *, offset: int = 0, pace: Pace) -> None:
        self._response = response
        self._raw: Any = response.raw
        self._pace = pace
        self._window_ends = monotonic() + pace.window
        self._window_bytes = 0
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.resumable = response.headers.get("Content-Encoding", "identity").lower() in ("", "identity")
        self.length: int | None = self._raw.length_remaining if self.resumable else None
        self.received = 0
        self.offset = self._start_of(offset)
        self._socket = self._direct()
        # What came along with the headers; the buffer would lose it if asked for more than it has and the line broke.
        self._ahead = True

    @property
    def etag(self) -> str:
        """Empty when the source names no version that would hold byte by byte."""
        etag = self.headers.get("ETag", "")
        return "" if etag.startswith("W/") else etag

    def _start_of(self, offset: int) -> int:
        if self.status != 206:
            return 0
        found = CONTENT_RANGE.match(self.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != offset:
            self._response.close()
            raise errors.UnexpectedResponse("another part of the file than asked for", status=206)
        return offset

    def _direct(self) -> io.BufferedReader | None:
        """The connection's own buffer, which saves a copy, when nothing stands between it and the file."""
        wire = getattr(self._raw, "_fp", None)
        if not isinstance(wire, http.client.HTTPResponse) or wire.chunked or wire.length is None:
            return None
        return wire.fp if self.length == wire.length and isinstance(wire.fp, io.BufferedReader) else None

    def readinto(self, view: memoryview) -> int:
        """Whatever is there, at most the view; 0 at the end of the file, and only there."""
        if not self.length and self.length is not None:
            self._release()
            return 0
        try:
            count = self._read(view)
        except FOREIGN as exc:
            raise self._broken(exc) from None
        if count == 0 and self.length:
            raise errors.Unavailable(
                f"cut after {self.received} of {self.received + self.length} bytes", may_have_arrived=True
            )
        self._account(count)
        return count

    def _read(self, view: memoryview) -> int:
        if self._socket is None:
            data = self._raw.read1(len(view), decode_content=True)
        elif self._ahead:
            wanted = len(view[: self.length])
            data, self._ahead = self._socket.read1(wanted), wanted < io.DEFAULT_BUFFER_SIZE
        else:
            return int(self._socket.raw.readinto(view[: self.length]) or 0)
        view[: len(data)] = data
        return len(data)

    def _account(self, count: int) -> None:
        self.received += count
        if self.length is not None:
            self.length -= count
        self._window_bytes += count
        now = monotonic()
        if now < self._window_ends:
            return
        if self._window_bytes < self._pace.least and self.length != 0:
            reason = f"too slow: {self._window_bytes} bytes in {self._pace.window:.0f} s"
            raise TooSlow(reason, may_have_arrived=True)
        self._window_ends, self._window_bytes = now + self._pace.window, 0

    def _broken(self, exc: BaseException) -> errors.ProviderError:
        error = translated(exc)
        total = "" if self.length is None else f" of {self.received + self.length}"
        reason = f"{error.reason} after {self.received}{total} bytes"
        return errors.Unavailable(reason, may_have_arrived=True)

    def _release(self) -> None:
        """Give the connection back: all of the answer has been read, past the library's own counting."""
        if self._socket is not None:
            self._socket = None
            self._raw._fp.length = self._raw.length_remaining = 0
            self._raw.drain_conn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.length == 0:
            self._release()
        self._response.close()
