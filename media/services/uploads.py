"""Files that come from our own side: uploads, and stored files that are sent once more.

Nobody ever sees half of one. An id is set aside, the file goes to the place that the id names, and only then the row
is written, ready from its first moment on. Who is killed in between leaves a part file, which the sweep removes, or
a file without a row, which the audit finds; never a row that a worker would go and fetch.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import structlog
from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import WhatsappInstance
from accounts.providers.events import MediaKind
from accounts.providers.reasons import one_line
from media.models import FetchAttempt, MediaFile
from media.partfile import PartFile
from media.services import holding, quotas, renditions, sharing
from media.services.counting import count
from media.services.discarding import drop
from media.services.holding import Held
from media.services.registering import source_of
from media.sniffing import by_library, by_magic, extension_of, is_page, verified_mimetype
from media.storage import incoming_folder, is_there, keep, path_for

log = structlog.get_logger(__name__)

State = MediaFile.State
# What each kind may be by its own bytes; a document may be anything.
MAJOR_TYPES = {
    **dict.fromkeys((MediaKind.IMAGE, MediaKind.STICKER), "image"),
    MediaKind.VIDEO: "video",
    **dict.fromkeys((MediaKind.AUDIO, MediaKind.VOICE), "audio"),
}
SCRIPTABLE = "image/svg+xml"
OGG = "application/ogg"
CONTENT = ("size", "sha256", "mimetype", "warning")
LOOKS = (
    *("kind", "filename", "declared_size", "thumbnail", "waveform"),
    *("duration", "width", "height", "pages", "animated"),
)
SUMS = ("declared_sha256", "enc_sha256", "expires_at")


class NotStorable(Exception):
    """``code``: too_large, empty, wrong_type, storage, quota_exceeded, not_ready or not_ours."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def store_upload(  # noqa: PLR0913 - each is a fact that only the caller knows
    *,
    instance: WhatsappInstance,
    chat_id: str,
    kind: MediaKind,
    content: "File[Any]",
    filename: str,
    mimetype: str,
    now: datetime,
) -> MediaFile:
    """``mimetype`` is what the sender says; what the bytes say decides."""
    row = MediaFile(
        instance=instance, chat_id=chat_id[:200], kind=kind, filename=_plain(filename), **_ours(now)
    )
    try:
        _bring(row, content, MediaKind(kind), mimetype)
    except OSError as exc:
        raise _storage_trouble(exc) from exc
    try:
        return _written(row, "upload", "uploaded", now)
    except NotStorable:
        with transaction.atomic():
            drop(instance.client_id, [_held(row)], now=now)
        raise


def copy_of(
    media_file: MediaFile,
    *,
    instance: WhatsappInstance,
    chat_id: str,
    now: datetime,
    kind: MediaKind | None = None,
) -> MediaFile:
    """Another row for the same stored file: each message has a media file of its own. Any file goes as a document."""
    as_it_is = kind in (None, media_file.kind)
    if not as_it_is and kind != MediaKind.DOCUMENT:
        raise NotStorable("wrong_type", f"This file is kept as {media_file.kind}, not as {kind}.")
    if media_file.instance.client_id != instance.client_id:
        raise NotStorable("not_ours", "This file belongs to another client.")
    if not media_file.is_ready or not is_there(media_file.file.name):
        raise NotStorable("not_ready", "This file is not stored here now.")
    facts = {name: getattr(media_file, name) for name in CONTENT + LOOKS}
    facts |= {"file": media_file.file.name, "kind": kind or media_file.kind}
    row = MediaFile(instance=instance, chat_id=chat_id[:200], **_ours(now) | facts)
    if media_file.instance_id == instance.pk and as_it_is:
        # Its line can bring it again, should it ever be lost; the kind is part of how it is encrypted.
        known = source_of(media_file) | {name: getattr(media_file, name) for name in SUMS}
        for name, value in known.items():
            setattr(row, name, value)
    return _written(row, "reuse", f"the same file as media file {media_file.pk}", now, twin=media_file)


def _ours(now: datetime) -> dict[str, Any]:
    """No source but us ever has it, so there is nothing to wait for."""
    return {
        "state": State.READY,
        "created_at": now,
        "ready_at": now,
        "next_attempt_at": now,
        "expires_at": now,
    }


def _bring(row: MediaFile, content: "File[Any]", kind: MediaKind, declared: str) -> None:
    incoming_folder().mkdir(parents=True, exist_ok=True)
    with PartFile(incoming_folder()) as part:
        row.sha256 = _taken(content.chunks(), part)
        row.mimetype = _judged(part, kind, declared)
        row.size = row.declared_size = part.size
        _check_quota(row)
        part.keep()
    row.pk = _set_aside(row)
    row.file = _kept(part.path, path_for(row, extension_of(row.mimetype)))


def _taken(pieces: Iterable[Any], part: PartFile) -> str:
    total = hashlib.sha256()
    for piece in pieces:
        if part.size + len(piece) > settings.MEDIA_MAX_BYTES:
            raise NotStorable("too_large", f"A file has at most {settings.MEDIA_MAX_BYTES} bytes.")
        total.update(piece)
        part.append(piece)
    return total.hexdigest()


def _judged(part: PartFile, kind: MediaKind, declared: str) -> str:
    if not part.size:
        raise NotStorable("empty", "The file is empty.")
    found = type_of(part.head, kind, declared)
    claimed = MAJOR_TYPES.get(kind) or _claimed(declared)
    if not claimed:
        return found
    proven = bool(by_magic(part.head) or by_library(part.head)) and not is_page(part.head)
    fits = _major(found) == claimed or (claimed == "audio" and found == OGG)
    if kind in MAJOR_TYPES and not (proven and fits and found != SCRIPTABLE):
        raise NotStorable("wrong_type", f"By its content this is {found}, not {_a(kind)}.")
    if not fits:
        raise NotStorable("wrong_type", f"By its content this is {found}, not {claimed}.")
    return found


def type_of(head: bytes, kind: MediaKind, declared: str) -> str:
    """Recordings of sound come in containers of films, and only the sender's word tells which it is."""
    found = verified_mimetype(head, declared)
    if MAJOR_TYPES.get(kind) == "audio" and not _claimed(declared) and _major(found) == "video":
        return verified_mimetype(head, f"audio/{found.partition('/')[2]}")
    return found


def _claimed(declared: str) -> str:
    major = _major(declared)
    return major if major in MAJOR_TYPES.values() else ""


def _major(mimetype: str) -> str:
    return mimetype.partition("/")[0].strip().lower()


def _a(kind: MediaKind) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _set_aside(row: MediaFile) -> int:
    """An id that no other row will ever have, on either database."""
    with transaction.atomic():
        reserved = MediaFile.objects.create(instance=row.instance, kind=row.kind, state=State.UNAVAILABLE)
        pk = reserved.pk
        reserved.delete()
    return int(pk)


def _kept(part: Path, name: str) -> str:
    try:
        return keep(part, name)
    except Exception as exc:  # noqa: BLE001 - every storage has its own errors, and all are our trouble
        part.unlink(missing_ok=True)
        raise _storage_trouble(exc) from exc


def _storage_trouble(exc: Exception) -> NotStorable:
    log.error("our storage fails", reason=one_line(f"{type(exc).__name__}: {exc}"))
    return NotStorable("storage", "Our storage does not take the file now.")


def _written(
    row: MediaFile, strategy: str, reason: str, now: datetime, *, twin: MediaFile | None = None
) -> MediaFile:
    row.strategy = strategy
    with transaction.atomic():
        holding.lock([row.instance.client_id])
        twin = _still_there(twin) if twin else _share(row, now)
        row.save(force_insert=True)
        FetchAttempt.objects.create(
            media_file=row,
            strategy=strategy,
            started_at=now,
            bytes=(row.size or 0) if strategy == "upload" else 0,
            outcome=FetchAttempt.Outcome.OK,
            reason=reason,
        )
        if twin:
            renditions.share(row, twin, now=now)
        else:
            renditions.ask([(row, row.mimetype)], now=now)
        count([(row, row.size or 0)], now=now)
    log.info(
        "media file ready", instance=row.instance_id, media_file=row.pk, strategy=strategy, bytes=row.size
    )
    return row


def _still_there(twin: MediaFile) -> MediaFile:
    if not holding.still_names(twin):
        raise NotStorable("not_ready", "This file is not stored here any more.")
    return twin


def _share(row: MediaFile, now: datetime) -> MediaFile | None:
    """What the client has already is not stored again; else this is the first of its kind."""
    client, held = row.instance.client_id, _held(row)
    twin = sharing.twin_of(client, held.sha256, held.size)
    if twin is None:
        if not quotas.fits(client, held.size):
            raise _full()
        holding.add(client, files=1, size=held.size)
        return None
    row.file = twin.file.name
    drop(client, [held], now=now)
    return twin


def _check_quota(row: MediaFile) -> None:
    """Before it goes to the storage. What the client has already takes no room."""
    client, size = row.instance.client_id, row.size or 0
    if not quotas.fits(client, size) and not sharing.twin_of(client, row.sha256, size):
        raise _full()


def _full() -> NotStorable:
    return NotStorable("quota_exceeded", _("The storage of this client is full."))


def _held(row: MediaFile) -> Held:
    return Held(str(row.file.name), row.sha256, row.size or 0)


def _plain(filename: str) -> str:
    """Its last part, without what no database or header takes."""
    name = PurePosixPath(filename.replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:255]
