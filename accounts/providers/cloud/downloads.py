"""Where the Cloud API keeps a received file, and to whom the token may be shown."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from urllib.parse import parse_qs, urlsplit

from accounts.providers import errors
from accounts.providers.base import MediaLocation
from accounts.providers.cloud.answers import segment
from accounts.providers.events import MediaDescriptor
from accounts.providers.hosts import Rules
from accounts.providers.wire import Fields, read_int

# Meta gives an address five minutes; one that ends while we connect would cost an attempt.
MARGIN = timedelta(seconds=15)
SHA256_BYTES = 32
META_HOSTS = ("*.fbsbx.com", "*.fbcdn.net", "*.facebook.com")


def is_fresh(url: str, now: datetime) -> bool:
    ends = end_of(url)
    return ends is not None and now + MARGIN < ends


def end_of(url: str) -> datetime | None:
    try:
        told = parse_qs(urlsplit(url).query).get("ext", [""])[0]
        seconds = read_int(told)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def checked_id(media: MediaDescriptor) -> str:
    if media.media_id:
        return segment(media.media_id)
    ends = end_of(media.url)
    if ends is not None:
        raise errors.MediaGone("the address has ended and the message brought no media id", since=ends)
    raise errors.RequestRejected("the message brought no media id")


def location(fields: Fields, media: MediaDescriptor) -> MediaLocation:
    url = fields.word("url")
    if not url:
        raise errors.UnexpectedResponse("the Cloud API tells no address of the file")
    told = fields.blob("sha256")
    return MediaLocation(
        url=url,
        mimetype=fields.word("mime_type") or media.mimetype,
        sha256=told if len(told) == SHA256_BYTES else media.sha256,
    )


def may_see_token(url: str, *, rules: Rules, base_url: str) -> bool:
    try:
        place = rules.check(url)
    except errors.HostNotAllowed:
        return False
    return place.trusted or is_own(place.host, base_url) or matches(place.host, META_HOSTS)


def is_own(host: str, base_url: str) -> bool:
    return host == (urlsplit(base_url).hostname or "").lower()


def matches(host: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(host, pattern) for pattern in patterns)
