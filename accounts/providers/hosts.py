"""Which addresses we talk to.

The list names hosts; that such a name does not lead into our own network is checked at the connection, after DNS.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from accounts.providers.errors import HostNotAllowed

PROVIDER_HOSTS = (
    "*.whatsapp.net",
    "*.w-api.app",
    "*.fbsbx.com",
    "*.fbcdn.net",
    "*.facebook.com",
)
DEFAULT_PORTS = {"https": 443, "http": 80}
# Parsers of addresses disagree about these, and whoever checks must see what the one who connects sees.
AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")
HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
USER = re.compile(r"[^/?#]*//[^/?#]*@")


@dataclass(frozen=True, slots=True)
class Place:
    """One end of the wire. ``trusted`` places are listed by the administrator and may be private."""

    scheme: str
    host: str
    port: int
    trusted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """``allowed`` are patterns for https on port 443; ``extra`` are ``host[:port]``, without a port for any."""

    allowed: tuple[str, ...] = PROVIDER_HOSTS
    extra: tuple[str, ...] = ()
    _extra: frozenset[tuple[str, int | None]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_extra", frozenset(split_hosts(self.extra)))

    def check(self, url: str) -> Place:
        """Where the address leads; HostNotAllowed when that is nowhere we go."""
        scheme, host, port = split_url(url)
        if (host, port) in self._extra or (host, None) in self._extra:
            return Place(scheme, host, port, trusted=True)
        if scheme != "https" or port != DEFAULT_PORTS["https"]:
            raise HostNotAllowed(f"only https on its own port: {host}")
        if not HOST_NAME.fullmatch(host) or not any(fnmatchcase(host, pattern) for pattern in self.allowed):
            raise HostNotAllowed(f"not a host that media comes from: {host}")
        return Place(scheme, host, port)


def split_url(url: str) -> tuple[str, str, int]:
    if AMBIGUOUS.search(url):
        raise HostNotAllowed("the address has characters that no address has")
    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise HostNotAllowed("the address cannot be read") from None
    scheme, host = parsed.scheme or "", plain_host(parsed.host or "")
    if scheme not in DEFAULT_PORTS or not host:
        raise HostNotAllowed("not an http address")
    if USER.match(url):
        raise HostNotAllowed(f"the address names a user: {host}")
    return scheme, host, parsed.port if parsed.port is not None else DEFAULT_PORTS[scheme]


def split_hosts(entries: tuple[str, ...]) -> Iterator[tuple[str, int | None]]:
    for entry in entries:
        host, colon, port = entry.strip().rpartition(":")
        if colon and port.isdigit() and (":" not in host or host.endswith("]")):
            yield plain_host(host), int(port)
        else:
            yield plain_host(entry.strip()), None


def plain_host(host: str) -> str:
    return host.lower().strip("[]").rstrip(".")
