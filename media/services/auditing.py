"""Whether the rows and the storage tell the same: ready rows without their file, and files without a row."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import Storage
from django.db.models import QuerySet

from accounts.models import Client
from media.models import MediaFile, Rendition
from media.services.holding import row_id
from media.services.keeping import mark_missing
from media.storage import storage

PAGE = 500
# A younger file may belong to work that is just being written down.
STRAY_AGE = timedelta(days=1)
State = MediaFile.State


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a ready row's file. ``lost`` is False when it may be well and just cannot be read now."""

    media_file: MediaFile
    reason: str
    lost: bool = True


@dataclass(frozen=True, slots=True)
class Stray:
    name: str
    size: int
    modified_at: datetime


def ready_files(client: Client | None) -> QuerySet[MediaFile]:
    rows: QuerySet[MediaFile] = MediaFile.objects.filter(state=State.READY)
    return rows.filter(instance__client=client) if client else rows


def check_files(rows: QuerySet[MediaFile], *, hashes: bool) -> Iterator[Fault | None]:
    """One answer per row, None for a good file."""
    for media_file in paged(rows.only("file", "size", "sha256", "state")):
        yield check_file(media_file, hashes=hashes)


def paged(rows: QuerySet[Any]) -> Iterator[Any]:
    """By id, page by page: one query left open for hours would keep the database from tidying up behind it."""
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:PAGE]):
        yield from page
        last = page[-1].pk


def check_file(media_file: MediaFile, *, hashes: bool) -> Fault | None:
    try:
        reason = _wrong(media_file, hashes=hashes)
    except OSError as exc:
        return Fault(media_file, f"cannot be read: {exc.strerror or type(exc).__name__}", lost=False)
    return Fault(media_file, reason) if reason else None


def is_whole(media_file: MediaFile) -> bool:
    """Whether the file that the row names, or named before it was lost, lies there byte for byte."""
    known = bool(media_file.file and media_file.sha256)
    return known and check_file(media_file, hashes=True) is None


def _wrong(media_file: MediaFile, *, hashes: bool) -> str:
    name = str(media_file.file.name)
    if not storage().exists(name):
        return "the file is not in the storage"
    size = storage().size(name)
    if media_file.size is not None and size != media_file.size:
        return f"the file has {size} bytes instead of {media_file.size}"
    if hashes and media_file.sha256 and sha256_of(storage(), name) != media_file.sha256:
        return "the file's SHA-256 is wrong"
    return ""


def sha256_of(place: Storage, name: str) -> str:
    with place.open(name, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def mark_lost(fault: Fault) -> bool:
    """False when there is nothing to mark: the file may be well, or somebody was quicker."""
    return fault.lost and mark_missing(fault.media_file, fault.reason)


def strays(client: Client | None) -> Iterator[Stray]:
    """Files in the clients' folders that no row names."""
    folders = [f"cliente_{client.pk}"] if client else _client_folders()
    for folder in folders:
        page: list[str] = []
        for name in walk(folder):
            page.append(name)
            if len(page) == PAGE:
                yield from _without_row(page)
                page = []
        yield from _without_row(page)


def remove_stray(stray: Stray, *, now: datetime) -> bool:
    if now - stray.modified_at < STRAY_AGE or _named([stray.name]):
        return False
    storage().delete(stray.name)
    return True


def _client_folders() -> list[str]:
    return sorted(name for name in _listed("")[0] if name.startswith("cliente_"))


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """A disk has no listing of a folder that is not there; a bucket has an empty one."""
    try:
        found: tuple[list[str], list[str]] = storage().listdir(folder)
    except FileNotFoundError:
        return [], []
    return found


def walk(folder: str) -> Iterator[str]:
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        folders, files = _listed(place)
        waiting += [f"{place}/{name}" for name in folders]
        yield from (f"{place}/{name}" for name in files)


def _without_row(names: list[str]) -> Iterator[Stray]:
    # By id first, because there is no index on names; only a forward's row has another id than its file.
    ids = {row_id(name) for name in names}
    own = set(MediaFile.objects.filter(pk__in=ids).values_list("file", flat=True))
    own.update(Rendition.objects.filter(media_file__in=ids).values_list("file", flat=True))
    unknown = [name for name in names if name not in own]
    shared = _named(unknown)
    unknown = [name for name in unknown if name not in shared]
    busy = _under_way(unknown)
    for name in unknown:
        if row_id(name) not in busy:
            yield Stray(name, storage().size(name), storage().get_modified_time(name))


def _named(names: list[str]) -> set[str]:
    """Those that any row names."""
    rows = (MediaFile.objects, Rendition.objects) if names else ()
    return {name for of in rows for name in of.filter(file__in=names).values_list("file", flat=True)}


def _under_way(names: list[str]) -> set[int]:
    """A file is in its place a moment before its row says so."""
    ids = {row_id(name) for name in names}
    fetched = MediaFile.objects.filter(pk__in=ids, state=State.FETCHING).values_list("pk", flat=True)
    made = Rendition.objects.filter(media_file__in=ids, state=Rendition.State.MAKING)
    return {*fetched, *made.values_list("media_file", flat=True)}
