"""Addresses on WhatsApp's CDN, from what a message says about its file."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from accounts.providers.errors import HostNotAllowed, MediaGone
from accounts.providers.events import MediaDescriptor

CDN = "https://mmg.whatsapp.net"
CDN_FALLBACK = "https://mmg-fallback.whatsapp.net"
HEADERS = {"Origin": "https://web.whatsapp.com", "Referer": "https://web.whatsapp.com/"}
EXPIRY = re.compile(r"[0-9a-fA-F]{8}")
# The CDN knows no credentials: what it forbids is a signature that ended, or a damaged one.
GONE = (401, 403, 404, 410)


def addresses(media: MediaDescriptor, base: str) -> Iterator[str]:
    """The likeliest first. The direct path is the real address, ``url`` may be an old or useless one."""
    if media.direct_path:
        check_path(media.direct_path)
        yield base.rstrip("/") + media.direct_path
        if base.rstrip("/") == CDN:
            yield CDN_FALLBACK + media.direct_path
    if media.url:
        yield media.url


def check_path(path: str) -> None:
    """A foreign path must not become a host when it is joined to ours."""
    if (
        not path.startswith("/")
        or path.startswith("//")
        or "\\" in path
        or not path.isprintable()
        or " " in path
    ):
        raise HostNotAllowed("the direct path is not a path")


def signed(url: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """What the CDN's signature covers: the same file under the same signature is the same on all its hosts."""
    path, query = split(url)
    return path, frozenset(pair for pair in parse_qsl(query) if pair[0] != "mms3")


def split(url: str) -> tuple[str, str]:
    """Path and query of an address that nobody has checked yet; the door does."""
    rest = url.partition("#")[0].partition("//")[2].partition("/")[2]
    path, _, query = rest.partition("?")
    return path, query


def expiry(url: str) -> datetime | None:
    """``oe``, the end of the signature, is seconds in hexadecimal."""
    ends = dict(parse_qsl(split(url)[1])).get("oe", "")
    return datetime.fromtimestamp(int(ends, 16), tz=UTC) if EXPIRY.fullmatch(ends) else None


def refuse_expired(url: str, now: datetime) -> None:
    ended = expiry(url)
    if ended is not None and ended <= now:
        raise MediaGone(f"link expired on {ended:%Y-%m-%d %H:%M} UTC", since=ended)
