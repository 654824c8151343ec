"""Where files lie: one folder per client, instance and chat, with no foreign word in a path as it came."""

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage

from accounts.models import WhatsappInstance
from media.models import MediaFile
from media.twofold import places_of

log = structlog.get_logger(__name__)

_UNSAFE = re.compile(r"[^A-Za-z0-9@_.-]+")
INCOMING = ".incoming"
WORK_PREFIX = "rendering-"


def storage() -> Storage:
    chosen: Storage = MediaFile._meta.get_field("file").storage
    return chosen


def places() -> tuple[Storage, ...]:
    return places_of(storage())


def safe_segment(text: str, *, fallback: str, longest: int = 80) -> str:
    """One path segment of plain characters: no separator, no leading dot, never empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _UNSAFE.sub("_", plain).strip("._ ")[:longest].strip("._ ") or fallback


def folder_of(instance: WhatsappInstance) -> str:
    return f"cliente_{instance.client_id}/instance_{safe_segment(instance.instance_id, fallback=str(instance.pk))}"


def path_for(media_file: MediaFile, extension: str, *, again: str = "") -> str:
    """``again`` sets apart a file that its row has for another time."""
    stem = safe_segment(Path(media_file.filename).stem, fallback=media_file.kind)
    name = f"{media_file.pk}_{stem}{again and '-'}{again}{extension}"
    return f"{_chat_folder(media_file)}/{media_file.kind}/{name}"


def rendition_path(media_file: MediaFile, kind: str, extension: str) -> str:
    return f"{_chat_folder(media_file)}/renditions/{media_file.pk}_{kind}{extension}"


def _chat_folder(media_file: MediaFile) -> str:
    chat = safe_segment(media_file.chat_id, fallback="unknown")
    return f"{folder_of(media_file.instance)}/chats/{chat}"


def incoming_folder() -> Path:
    """Part files lie beside the finished ones, so that finishing is a rename."""
    place = places()[0]
    if isinstance(place, FileSystemStorage):
        return Path(place.path(INCOMING))
    return Path(settings.VAR_DIR / INCOMING)


class FinishedPart(File):  # type: ignore[type-arg]
    """A finished part file: a local storage moves it, any other reads it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def takes_no_time() -> bool:
    """Storing is moving then, on one disk."""
    return isinstance(places()[0], FileSystemStorage)


def keep(part: Path, name: str) -> str:
    """Move a verified part file to its place and return the name that the storage gave it."""
    return keep_in(places()[0], part, name)


def keep_in(place: Storage, part: Path, name: str) -> str:
    kept = _moved(place, part, name) or _saved(place, part, name)
    if isinstance(place, FileSystemStorage):
        # Without this a power cut may forget the new name of a file whose row already says ready.
        sync(Path(place.path(kept)).parent)
    return kept


def _saved(place: Storage, part: Path, name: str) -> str:
    with part.open("rb") as content:
        kept = place.save(name, FinishedPart(content, name=str(part)), max_length=500)
    part.unlink(missing_ok=True)
    return kept


def _moved(place: Storage, part: Path, name: str) -> str:
    """Django's own storage would do the same at ten times the cost; it makes the folder of a chat's first file."""
    if place.__class__ is not FileSystemStorage:
        return ""
    target = place.path(name)
    if place.file_permissions_mode is not None:
        part.chmod(place.file_permissions_mode)
    try:
        part.replace(target)
    except FileNotFoundError:
        return ""
    return name


def sync(path: Path) -> None:
    """A file or a folder, to the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_there(name: Any) -> bool:
    """A storage that does not answer counts as one without the file: whoever asks then fetches it."""
    try:
        return bool(name) and storage().exists(str(name))
    except Exception:  # noqa: BLE001 - every storage has its own errors
        log.warning("storage does not answer", exc_info=True)
        return False
