"""Stored files lie in folders that are called as chats are: nobody's number stays in a path."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.files.storage import FileSystemStorage
from django.db.models import Q

from accounts.models import WhatsappInstance
from media.models import MediaFile, Rendition
from media.services import holding
from media.services.auditing import sha256_of
from media.services.discarding import remove_after_commit
from media.services.holding import Held
from media.storage import folder_of, safe_segment, storage
from messaging.services.erasing.job import Job

AT_ONCE = 50
ELSEWHERE = "moved"


def leave_no_folder(job: Job, after: int) -> int | None:
    """What others' messages share with theirs is moved to a folder that names nobody; then the folder goes."""
    for folder in _folders(job):
        if _move_some(job, folder):
            return 0
        _remove_folder(folder)
    return None


def _folders(job: Job) -> Iterator[str]:
    lines = WhatsappInstance.objects.sealed().in_bulk({instance for instance, _ in job.chats})
    for instance, chat in job.chats:
        yield f"{folder_of(lines[instance])}/chats/{safe_segment(chat, fallback='unknown')}"


def _move_some(job: Job, folder: str) -> bool:
    inside = Q(instance__client=job.client, file__startswith=f"{folder}/")
    holding.lock({job.client})
    files, made = _names(MediaFile.objects.filter(inside)), _names(Rendition.objects.filter(inside))
    for name in sorted(files | made)[:AT_ONCE]:
        own = PurePosixPath(name)
        # A file was called as its sender called it.
        called = own.name if name in made else f"{own.name.partition('_')[0]}{own.suffix}"
        _move(job, name, f"{folder.rpartition('/')[0]}/{ELSEWHERE}/{own.parent.name}/{called}")
    return bool(files | made)


def _names(rows: Any) -> set[str]:
    return set(rows.order_by("file").values_list("file", flat=True).distinct()[:AT_ONCE])


def _move(job: Job, name: str, target: str) -> None:
    """A copy first; who is killed leaves one too many, which the audit finds."""
    if storage().exists(name):
        target = _copied(name, target)
    MediaFile.objects.filter(file=name).update(file=target)
    Rendition.objects.filter(file=name).update(file=target)
    holding.note_leftovers(job.client, [Held(name, "", 0)], now=job.now)
    remove_after_commit([name], now=job.now)
    job.count(files_moved=1)


def _copied(name: str, target: str) -> str:
    """One that is there already is of somebody who was killed, maybe in the middle of it."""
    if storage().exists(target):
        if sha256_of(storage(), target) == sha256_of(storage(), name):
            return target
        storage().delete(target)
    with storage().open(name, "rb") as content:
        return str(storage().save(target, content))


def _remove_folder(folder: str) -> None:
    """Only empty ones; other storages have none."""
    place = storage()
    if not isinstance(place, FileSystemStorage) or not place.exists(folder):
        return
    top = Path(place.path(folder))
    for inner in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
        _remove_if_empty(inner)
    _remove_if_empty(top)


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
