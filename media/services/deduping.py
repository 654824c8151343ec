"""Files that one client has stored more than once, from before they were shared, made one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count

from accounts.models import Client
from media.models import MediaFile, MediaFileQuerySet
from media.services import holding
from media.services.auditing import is_whole, ready_files
from media.services.discarding import drop
from media.services.holding import Held

# As many contents as a bounded query brings; the rest comes with the next.
AT_ONCE = 1000
State = MediaFile.State


@dataclass(frozen=True, slots=True)
class Double:
    client: int
    sha256: str
    size: int
    names: int

    @property
    def too_many(self) -> int:
        return self.names - 1


def doubles(client: Client | None) -> Iterator[Double]:
    """By content, in its order, page by page: what was merged meanwhile is not found again."""
    last = ""
    while page := list(_page(client, last)):
        yield from page
        last = page[-1].sha256


def merge(double: Double, *, now: datetime) -> int:
    """All rows name one file that is whole; how many files are removed. Zero when none of them is whole."""
    kept = _whole(double)
    if kept is None:
        return 0
    with transaction.atomic():
        holding.lock([double.client])
        if not holding.still_names(kept):
            return 0
        others = _rows(double).exclude(file=kept.file.name)
        names = set(others.values_list("file", flat=True))
        spare = [Held(name, double.sha256, double.size) for name in names]
        others.update(file=kept.file.name)
        named = holding.named(spare, ready=True)
        holding.add(double.client, files=-len(names - named), size=-double.size * len(names - named))
        return len(drop(double.client, spare, now=now))


def _page(client: Client | None, last: str) -> Iterator[Double]:
    rows = ready_files(client).exclude(sha256="").filter(sha256__gt=last).order_by()
    groups = rows.values("sha256", "instance__client", "size").annotate(names=Count("file", distinct=True))
    doubled = groups.filter(names__gt=1).order_by("sha256", "instance__client", "size")
    for group in doubled[:AT_ONCE]:
        yield Double(group["instance__client"], group["sha256"], group["size"] or 0, group["names"])


def _whole(double: Double) -> MediaFile | None:
    """The oldest whose bytes are what its row says."""
    tried: set[str] = set()
    row: MediaFile
    for row in _rows(double).order_by("pk")[: 10 * double.names]:
        if row.file.name not in tried and is_whole(row):
            return row
        tried.add(str(row.file.name))
    return None


def _rows(double: Double) -> MediaFileQuerySet:
    found = MediaFile.objects.filter(sha256=double.sha256, size=double.size, state=State.READY)
    return found.exclude(sha256="").filter(instance__client=double.client)
