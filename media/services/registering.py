"""From a message's description of its file to a row of the ledger."""

import base64
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from accounts import feed
from accounts.models import WhatsappInstance
from accounts.providers import PROVIDERS
from accounts.providers.events import MediaDescriptor, MediaKind
from media.models import MediaFile
from media.services.keeping import ASKABLE
from media.services.telling import changes_of

LARGEST_THUMBNAIL = 64 * 1024
# Twice what a key has: one of a wrong length has to stay one.
LONGEST_KEY = 64
State = MediaFile.State


def new_media_file(
    *, instance: WhatsappInstance, chat_id: str, media: MediaDescriptor, received_at: datetime, now: datetime
) -> MediaFile:
    """An unsaved row, due at once, or unavailable when the message itself says that no file will come.

    A message that names no deadline gets the provider's, counted from its arrival: asking too long costs little.
    """
    lifetime = PROVIDERS[instance.provider].media_lifetime
    return MediaFile(
        instance=instance,
        chat_id=chat_id[:200],
        kind=media.kind,
        state=State.UNAVAILABLE if media.unavailable else State.PENDING,
        error=media.unavailable[:500],
        cause=MediaFile.Cause.WITHHELD if media.unavailable else "",
        next_attempt_at=now,
        created_at=now,
        **_source(media) | {"expires_at": media.expires_at or received_at + lifetime},
        **_looks(media),
    )


def learn_source(media_file: MediaFile, media: MediaDescriptor, *, now: datetime) -> bool:
    """A message came again. If it names another source for a file that we lack, that is tried. True if so."""
    news = {name: value for name, value in _source(media).items() if value and name != "expires_at"}
    known = {name: getattr(media_file, name) for name in news}
    if media.unavailable or not news or news == known:
        return False
    if media.expires_at:
        news["expires_at"] = max(media.expires_at, media_file.expires_at)
    # The row may have moved since it was read: the database says where it stands.
    rows = MediaFile.objects.filter(pk=media_file.pk)
    fresh = {"next_attempt_at": now, "attempts": 0, "error": "", "cause": ""}
    asked = rows.filter(state__in=ASKABLE)
    with feed.collecting():
        feed.tell(changes_of(asked, at=now))
        moved = asked.move_to(State.PENDING, **fresh, **news)
    return bool(
        moved
        or rows.filter(state=State.PENDING).update(next_attempt_at=now, **news)
        or rows.filter(state=State.FETCHING).update(**news)
    )


def descriptor(media_file: MediaFile) -> MediaDescriptor:
    """What the strategies need to know, back from the row."""
    return MediaDescriptor(
        kind=MediaKind(media_file.kind),
        mimetype=media_file.mimetype,
        filename=media_file.filename,
        size=media_file.declared_size,
        media_key=base64.b64decode(media_file.media_key),
        direct_path=media_file.direct_path,
        url=media_file.url,
        media_id=media_file.media_id,
        sha256=bytes.fromhex(media_file.declared_sha256),
        enc_sha256=bytes.fromhex(media_file.enc_sha256),
        expires_at=media_file.expires_at,
    )


def source_of(media_file: MediaFile) -> dict[str, str]:
    """Where this row says that its file is."""
    return {name: getattr(media_file, name) for name in ("media_key", "direct_path", "url", "media_id")}


def _source(media: MediaDescriptor) -> dict[str, Any]:
    return {
        "media_key": base64.b64encode(media.media_key[:LONGEST_KEY]).decode(),
        "direct_path": media.direct_path,
        "url": media.url,
        "media_id": media.media_id,
        "declared_sha256": media.sha256.hex(),
        "enc_sha256": media.enc_sha256.hex(),
        "expires_at": media.expires_at,
    }


def _looks(media: MediaDescriptor) -> dict[str, Any]:
    return {
        "mimetype": media.mimetype[:200],
        "filename": PurePosixPath(media.filename.replace("\\", "/")).name[:255],
        "declared_size": _small(media.size, 2**63 - 1),
        "thumbnail": media.thumbnail if len(media.thumbnail) <= LARGEST_THUMBNAIL else b"",
        "waveform": media.waveform[:256],
        "duration": _small(media.duration),
        "width": _small(media.width),
        "height": _small(media.height),
        "pages": _small(media.pages),
        "animated": media.animated,
    }


def _small(number: int | None, most: int = 2**31 - 1) -> int | None:
    return number if number is not None and 0 <= number <= most else None
