"""The one door out of the process.

Time limits, hosts, redirects, tokens and the translation of foreign errors are settled here, and no caller can
loosen them. No reason given here carries an address's query, a token or a header.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypedDict, Unpack
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter

from accounts.providers import deadlines, errors
from accounts.providers.bodies import CHUNK, Body, Pace
from accounts.providers.faults import FOREIGN, closed_unanswered, raise_for_status, translated
from accounts.providers.guard import GuardedAdapter
from accounts.providers.hosts import Place, Rules

USER_AGENT = "MultiChat/1.0"
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
UNSENDABLE = (requests.RequestException, ValueError)
MAX_ANSWER = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` and ``headers`` may carry secrets."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise errors.UnexpectedResponse("the answer is not JSON", status=self.status) from None


class Content(TypedDict, total=False):
    """What requests takes under these names."""

    params: Any
    json: Any
    data: Any
    files: Any


Watch = Callable[[str, int | None, float], None]
"""Told of every request: its address, the status if there was an answer, and the seconds until then."""


class TrustedAdapter(HTTPAdapter):
    """Remembers the pool of each host, since taking addresses apart costs more than a short answer."""

    def __init__(self) -> None:
        # A pool that were dropped there for want of room would be closed here.
        super().__init__(pool_connections=1000)
        self._pools: dict[str, Any] = {}

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> Any:
        url = str(request.url)
        host = url[: url.index("/", len("https://"))]
        if host not in self._pools:
            self._pools[host] = super().get_connection_with_tls_context(request, *args, **kwargs)
        return self._pools[host]


class Door:
    """``timeout`` is seconds to connect and seconds of silence; ``pace`` ends a body that only drips, ``within`` any
    answer that is not complete after so many seconds.

    One door serves any number of threads; each keeps its own open connections.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        timeout: tuple[float, float] = (5, 30),
        user_agent: str = USER_AGENT,
        pace: Pace | None = None,
        within: float | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.rules = rules
        self.watch = watch
        self.timeout = timeout
        self.within = within
        self.user_agent = user_agent
        self.pace = pace or Pace()
        self._local = threading.local()

    def call(
        self,
        method: str,
        url: str,
        *,
        token: str = "",
        max_bytes: int = MAX_ANSWER,
        headers: Mapping[str, str] | None = None,
        **content: Unpack[Content],
    ) -> Answer:
        """Any status is an answer."""
        response = self._follow(method.upper(), url, token, headers or {}, content)
        with Body(response, pace=self.pace) as body:
            return Answer(body.status, body.headers, read_all(body, max_bytes))

    def send(self, method: str, url: str, *, headers: Mapping[str, str], data: bytes) -> Body:
        """Any status is an answer, also that of a redirect; its body is there to be read as far as one likes."""
        return Body(self._follow(method.upper(), url, "", headers, {"data": data}), pace=self.pace)

    def download(
        self, url: str, *, token: str = "", headers: Mapping[str, str] | None = None, offset: int = 0
    ) -> Body:
        """A body to read, whatever its status; with an offset, the rest of one."""
        wanted = dict(headers or {})
        if offset:
            wanted["Range"] = f"bytes={offset}-"
        response = self._follow("GET", url, token, wanted, {})
        return Body(response, offset=offset, pace=self.pace)

    def _follow(
        self, method: str, url: str, token: str, headers: Mapping[str, str], content: Content
    ) -> requests.Response:
        home = place = self.rules.check(url)
        for _ in range(MAX_REDIRECTS + 1):
            token = token if place == home else ""
            request = self._prepare(method, url, token, headers, content)
            # What goes over the wire is the prepared address, so that is the one which has to lead to the place.
            if request.url != url and self.rules.check(str(request.url)) != place:
                raise errors.HostNotAllowed(f"the address is ambiguous: {place.host}")
            response = self._watched(place, request)
            target = response.headers.get("Location")
            if method != "GET" or response.status_code not in REDIRECTS or not target:
                return response
            response.close()
            url, content = joined(str(request.url), target), {}
            place = self.rules.check(url)
        raise errors.UnexpectedResponse(f"more than {MAX_REDIRECTS} redirects", status=response.status_code)

    def _prepare(
        self, method: str, url: str, token: str, headers: Mapping[str, str], content: Content
    ) -> requests.PreparedRequest:
        sent = {"User-Agent": self.user_agent, "Accept": "*/*", "Accept-Encoding": "identity", **headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        request = requests.PreparedRequest()
        try:
            request.prepare_method(method)
            request.prepare_url(url, content.get("params"))
            request.prepare_headers(sent)
            request.prepare_body(content.get("data"), content.get("files"), content.get("json"))
        except UNSENDABLE as exc:
            raise errors.RequestRejected(f"the request cannot be sent: {type(exc).__name__}") from None
        return request

    def _watched(self, place: Place, request: requests.PreparedRequest) -> requests.Response:
        began, status = monotonic(), None
        try:
            response = self._send(place, request)
            status = response.status_code
        finally:
            if self.watch:
                self.watch(str(request.url), status, monotonic() - began)
        return response

    def _send(self, place: Place, request: requests.PreparedRequest) -> requests.Response:
        try:
            return self._try(place, request)
        except FOREIGN as exc:
            # A kept connection may have been closed by the other side just now; asking again is free for a GET.
            if request.method != "GET" or not closed_unanswered(exc):
                raise translated(exc) from None
        try:
            return self._try(place, request)
        except FOREIGN as exc:
            raise translated(exc) from None

    def _try(self, place: Place, request: requests.PreparedRequest) -> requests.Response:
        adapter = self._adapter(trusted=place.trusted)
        if self.within is not None:
            deadlines.begin(self.within)
        return adapter.send(request, stream=True, timeout=self.timeout, proxies={})

    def _adapter(self, *, trusted: bool) -> HTTPAdapter:
        """Below a session there are no cookies, no netrc, no proxies of the environment and no redirects."""
        name = "trusted" if trusted else "guarded"
        adapter: HTTPAdapter | None = getattr(self._local, name, None)
        if adapter is None:
            adapter = TrustedAdapter() if trusted else GuardedAdapter(is_https_proto=True)
            if self.within is not None:
                deadlines.limit(adapter)
            setattr(self._local, name, adapter)
        return adapter


def joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        raise errors.HostNotAllowed("the redirect's address cannot be read") from None


def read_all(body: Body, max_bytes: int) -> bytes:
    if body.length is not None and body.length > max_bytes:
        raise too_large(body, max_bytes)
    taken, buffer = bytearray(), bytearray(min(CHUNK, max_bytes + 1))
    view = memoryview(buffer)
    while count := body.readinto(view):
        taken += view[:count]
        if len(taken) > max_bytes:
            raise too_large(body, max_bytes)
    return bytes(taken)


def too_large(body: Body, max_bytes: int) -> errors.TooLarge:
    return errors.TooLarge(f"more than {max_bytes} bytes", status=body.status, may_have_arrived=True)


__all__ = ["Answer", "Body", "Door", "Pace", "Place", "Rules", "raise_for_status"]
