"""Foreign trouble in our words: exceptions of the HTTP libraries, and statuses."""

import errno
import http.client
import socket
import ssl
from collections.abc import Collection, Iterator, Mapping
from email.utils import parsedate_to_datetime
from traceback import walk_tb
from typing import TypeGuard

import requests
import urllib3.exceptions as urllib3_errors
from requests_hardened.ip_filter import InvalidIPAddress  # type: ignore[import-untyped]
from urllib3.connection import HTTPConnection, HTTPSConnection

from accounts.providers import errors

FOREIGN = (
    OSError,
    http.client.HTTPException,
    urllib3_errors.HTTPError,
    UnicodeError,
)
GONE = (404, 410)
BUSY = (408, 425, 429)
# Said by what stands before the provider: somebody behind it may have taken the request.
NO_WORD_OF_THE_PROVIDER = (408, 502, 504, 520, 522, 524)
LONGEST_WAIT = 24 * 3600.0
UNCONNECTED = (
    requests.ConnectTimeout,
    urllib3_errors.NewConnectionError,
    urllib3_errors.ConnectTimeoutError,
    socket.gaierror,
    ConnectionRefusedError,
    ssl.SSLCertVerificationError,
)
CONNECTING = (HTTPConnection.connect.__code__, HTTPSConnection.connect.__code__)
ENDED = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, http.client.RemoteDisconnected)


def translated(exc: BaseException) -> errors.ProviderError:
    chain = list(causes(exc))
    if any(isinstance(cause, InvalidIPAddress) for cause in chain):
        return errors.HostNotAllowed("the host's address is a private one")
    if isinstance(exc, requests.exceptions.InvalidHeader | requests.exceptions.InvalidURL):
        return errors.RequestRejected(f"the request cannot be sent: {type(exc).__name__}")
    reason = next(filter(None, map(reason_of, chain)), "connection failed")
    return errors.Unavailable(reason, may_have_arrived=not any(map(never_connected, chain)))


def never_connected(exc: BaseException) -> bool:
    """The same exceptions come from a handshake and from a request under way, so it counts where they were raised."""
    if isinstance(exc, UNCONNECTED):
        return True
    return any(frame.f_code in CONNECTING for frame, _ in walk_tb(exc.__traceback__))


def reason_of(exc: BaseException) -> str:
    for kinds, reason in REASONS:
        if isinstance(exc, kinds):
            return reason
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"TLS: {exc.verify_message}"
    if isinstance(exc, OSError) and exc.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "host is out of reach"
    return "TLS: handshake failed" if isinstance(exc, ssl.SSLError) else ""


REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((requests.ConnectTimeout,), "connect time-out"),
    ((requests.ReadTimeout, urllib3_errors.ReadTimeoutError, TimeoutError), "stalled"),
    ((socket.gaierror,), "host name not found"),
    ((ConnectionRefusedError,), "connection refused"),
    ((http.client.RemoteDisconnected,), "connection closed without an answer"),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), "connection reset"),
    ((http.client.IncompleteRead,), "cut"),
)


def causes(exc: BaseException) -> Iterator[BaseException]:
    """Everything an exception wraps, in whichever of the libraries' ways; the outermost first.

    An error of ours among them belongs to an earlier call, and this one was made while it was being looked at.
    """
    waiting, seen = [exc], set()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = (*current.args, getattr(current, "reason", None), current.__cause__, current.__context__)
        waiting.extend(inner for inner in wrapped if is_foreign(inner))


def is_foreign(inner: object) -> TypeGuard[BaseException]:
    return isinstance(inner, BaseException) and not isinstance(inner, errors.ProviderError)


def closed_unanswered(exc: BaseException) -> bool:
    return any(isinstance(cause, ENDED) for cause in causes(exc))


def raise_for_status(status: int, headers: Mapping[str, str], *, gone: Collection[int] = GONE) -> None:
    """What an HTTP status means for a file that we asked for."""
    if 200 <= status < 300:
        return
    reason = f"HTTP {status}"
    if status in gone:
        raise errors.MediaGone(reason, status=status)
    if status in (401, 403):
        raise errors.CredentialsRejected(reason, status=status)
    if status in BUSY or status >= 500:
        raise errors.Unavailable(reason, status=status, retry_after=retry_after(headers))
    if status >= 400:
        raise errors.RequestRejected(reason, status=status)
    raise errors.UnexpectedResponse(reason, status=status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait; a date counts from the answer's own Date, so that no clock of ours is asked."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return min(max(wait.total_seconds(), 0.0), LONGEST_WAIT)
