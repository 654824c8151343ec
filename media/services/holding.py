"""Whose stored files are whose: rows of one client may name the same file, and a file lives while a row names it.

Whoever makes a row ready, or takes a file from one, first locks the client here and holds it until the commit. That
is what keeps a file from being removed while another row is about to name it, and what makes the count exact.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from media.models import Leftover, MediaFile, Rendition, StorageUse

State = MediaFile.State


@dataclass(frozen=True, slots=True)
class Held:
    """A stored file as its row tells of it; ``sha256`` of a rendition is its original's."""

    name: str
    sha256: str
    size: int


def lock(clients: Iterable[int]) -> None:
    """Inside a transaction, before anything else in it. Sorted, so that two never wait for each other in a circle."""
    chosen = sorted(set(clients))
    rows = StorageUse.objects.filter(pk__in=chosen).order_by("pk")
    if len(rows.select_for_update(no_key=True)) < len(chosen):
        StorageUse.objects.bulk_create([StorageUse(pk=pk) for pk in chosen], ignore_conflicts=True)
        list(rows.select_for_update(no_key=True))


def add(client: int, *, files: int, size: int) -> None:
    """Under the lock. Less, where the numbers are negative."""
    if files or size:
        StorageUse.objects.filter(pk=client).update(files=F("files") + files, bytes=F("bytes") + size)


def named(held: Iterable[Held], *, ready: bool = False) -> set[str]:
    """Those names that some row has; with ``ready`` only rows that are. Found along the index of contents."""
    files = list(held)
    names = {one.name for one in files}
    rows, made = MediaFile.objects.filter(file__in=names), Rendition.objects.filter(file__in=names)
    sums = {one.sha256 for one in files}
    if sums and all(sums):
        rows = rows.filter(sha256__in=sums).exclude(sha256="")
        made = made.filter(media_file__in=MediaFile.objects.filter(sha256__in=sums).exclude(sha256=""))
    if ready:
        return set(rows.filter(state=State.READY).values_list("file", flat=True))
    return {*rows.values_list("file", flat=True), *made.values_list("file", flat=True)} if names else set()


def still_names(media_file: MediaFile) -> bool:
    """Under the lock: whether the row has its file yet, as it was read before."""
    same = MediaFile.objects.filter(pk=media_file.pk, state=State.READY, file=media_file.file.name)
    return bool(same.exists())


def note_leftovers(client: int, held: Iterable[Held], *, now: datetime) -> None:
    """In the transaction that took the last name away. Such a name is never given to a file again."""
    rows = [
        Leftover(client_id=client, name=one.name, sha256=one.sha256, noted_at=now, next_attempt_at=now)
        for one in held
    ]
    Leftover.objects.bulk_create(rows, ignore_conflicts=True)


def is_under_way(name: str) -> bool:
    """A file is in its place a moment before its row says so."""
    pk = row_id(name)
    fetched = MediaFile.objects.filter(pk=pk, state=State.FETCHING)
    return fetched.exists() or Rendition.objects.filter(media_file=pk, state=Rendition.State.MAKING).exists()


def row_id(name: str) -> int:
    """The file name begins with the row's id."""
    number = name.rpartition("/")[2].partition("_")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
