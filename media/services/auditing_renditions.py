"""Ready renditions whose file is gone. They are made again, so nothing is ever lost with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Client
from media.models import Rendition
from media.services.auditing import paged
from media.services.renditions import make_again
from media.storage import storage


@dataclass(frozen=True, slots=True)
class Lack:
    rendition: Rendition
    reason: str


def with_files(client: Client | None) -> QuerySet[Rendition]:
    rows: QuerySet[Rendition] = Rendition.objects.filter(state=Rendition.State.READY).exclude(file="")
    return rows.filter(instance__client=client) if client else rows


def check(rows: QuerySet[Rendition]) -> Iterator[Lack | None]:
    """One answer per row, None for a good one. Sizes tell enough of what can be made again."""
    for rendition in paged(rows.only("media_file", "kind", "file", "size")):
        reason = _wrong(rendition)
        yield Lack(rendition, reason) if reason else None


def put_right(lack: Lack, *, now: datetime) -> bool:
    return bool(make_again(Rendition.objects.filter(pk=lack.rendition.pk), now=now))


def _wrong(rendition: Rendition) -> str:
    name = str(rendition.file.name)
    if not storage().exists(name):
        return "the file is not in the storage"
    size = storage().size(name)
    return "" if size == rendition.size else f"the file has {size} bytes instead of {rendition.size}"
