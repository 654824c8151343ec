"""Addresses for <img> and <audio>, which can send no token: they work for a few minutes, for one file and one user.

Whoever opens one acts as the user who made it, and only while that user could still read the file: a login that was
taken back, a token that was revoked or a membership that ended closes its links at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer

from accounts.models import ApiToken, User
from media.models import MediaFile

# Longer ones were not made here, and need not be hashed.
LONGEST = 500


class LinkRefused(Exception):
    """``code``: bad_link or link_expired."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Link:
    """``token`` is the id of the API token that the user came with, None for a session."""

    media_file: int
    user: int
    token: int | None
    expires_at: datetime


def new_link(media_file: MediaFile, *, user: Any, token: ApiToken | None, now: datetime) -> tuple[str, Link]:
    """The signed word and what it says. It names whole seconds and ends no later than the token."""
    ends = now + timedelta(seconds=settings.MEDIA_LINK_SECONDS)
    if token and token.expires_at:
        ends = min(ends, token.expires_at)
    link = Link(media_file.pk, user.pk, token.pk if token else None, ends.replace(microsecond=0))
    facts = [link.media_file, link.user, link.token, int(link.expires_at.timestamp())]
    return _signer().sign_object(facts), link


def read(signed: str, *, now: datetime) -> Link:
    try:
        if len(signed) > LONGEST:
            raise BadSignature
        media_file, user, token, ends = _signer().unsign_object(signed)
    except BadSignature as exc:
        raise LinkRefused("bad_link", "This link was not made here.") from exc
    link = Link(media_file, user, token, datetime.fromtimestamp(ends, UTC))
    if now >= link.expires_at:
        raise LinkRefused("link_expired", "This link has expired; ask for a new one.")
    return link


def file_of(link: Link, reader: User | None) -> MediaFile | None:
    """None when its user may not see the file any more."""
    if reader is None:
        return None
    rows = MediaFile.objects.visible_to(reader).filter(pk=link.media_file)
    found: MediaFile | None = rows.first()
    return found


def reader_of(link: Link, *, now: datetime) -> User | None:
    """Whoever made it, while the login with which it was made is good."""
    if link.token is None:
        return User.objects.filter(pk=link.user, is_active=True).first()
    token = ApiToken.objects.filter(pk=link.token, user=link.user).find_usable(now)
    return token.acting_user() if token else None


def _signer() -> Signer:
    return Signer(salt="media.links")
