"""How stored files are taken away: the row first, then the bytes, and these only where no other row names them.

In one transaction the rows go and what nobody names any more is noted as a leftover; after its commit the bytes are
removed, and then the note. Who is killed in between leaves a note, which the worker's sweep works off; there is never
a ready row without its bytes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet

from accounts import feed
from accounts.models import Change
from accounts.providers.reasons import one_line
from media.models import Leftover, MediaFile, Rendition
from media.services import holding, quotas
from media.services.holding import Held
from media.storage import storage

log = structlog.get_logger(__name__)

AT_ONCE = 500
BREAK = timedelta(minutes=10)
State = MediaFile.State
NEEDED = ("id", "instance_id", "instance__client", "file", "sha256", "size", "state")
# What says where a file came from, and what of it is in the row itself.
EMPTIED: dict[str, Any] = {
    **dict.fromkeys(("file", "media_key", "direct_path", "url", "media_id", "filename"), ""),
    **dict.fromkeys(("sha256", "declared_sha256", "enc_sha256", "warning"), ""),
    **dict.fromkeys(("thumbnail", "waveform"), b""),
}


@dataclass(slots=True)
class Freed:
    """What no row names any more, renditions among it. The bytes go as soon as the transaction is committed."""

    files: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    pk: int
    instance_id: int
    client_id: int
    held: Held
    is_ready: bool


def discard(
    media_files: "QuerySet[MediaFile] | Iterable[MediaFile | int]", *, now: datetime, keep_rows: str = ""
) -> Freed:
    """Takes the rows away with their attempts and renditions, and the bytes that nobody else names. Idempotent.

    With ``keep_rows``, which is the sentence that the rows then show, they stay: unavailable, without a source. Else
    no message may name them any more. A transaction around it has to be ``feed.collecting``.
    """
    freed = Freed()
    for pks in _batches(media_files):
        with feed.collecting():
            for client, rows in _by_client(pks).items():
                _discard(client, rows, freed, now=now, keep_rows=keep_rows)
    return freed


def remove_leftovers(names: Sequence[str] | None = None, *, now: datetime) -> int:
    """Removes the bytes of what is noted: of these names, or of what has waited; a bounded number at a time.

    A storage that refuses is asked again later.
    """
    due = Leftover.objects.filter(next_attempt_at__lte=now) if names is None else _noted(names)
    return sum(_remove(leftover, now) for leftover in due.order_by("next_attempt_at", "id")[:AT_ONCE])


def remove_after_commit(names: Iterable[str], *, now: datetime) -> None:
    for part in _pieces(iter(names)):
        transaction.on_commit(partial(remove_leftovers, part, now=now), robust=True)


def drop(client: int, spare: Sequence[Held], *, now: datetime) -> list[Held]:
    """Under the lock: those that no row names; their bytes go after the commit."""
    gone = _once(spare, holding.named(spare))
    holding.note_leftovers(client, gone, now=now)
    remove_after_commit([one.name for one in gone], now=now)
    return gone


def _discard(client: int, rows: list[int], freed: Freed, *, now: datetime, keep_rows: str) -> None:
    holding.lock([client])
    # Read under the lock: nobody gives a file to a row, or takes it, without it.
    found = list(_rows(rows))
    _tell(found, feed.Action.UPDATED if keep_rows else feed.Action.DELETED, at=now)
    originals = [row.held for row in found if row.held.name]
    made = [Held(*facts) for facts in _renditions(rows)]
    if keep_rows:
        Rendition.objects.filter(media_file__in=rows).delete()
        _empty(rows, keep_rows)
    else:
        MediaFile.objects.filter(pk__in=rows).delete()
    ready = {row.held.name for row in found if row.is_ready}
    _uncount(client, [one for one in originals if one.name in ready], now)
    gone = drop(client, originals + made, now=now)
    freed.files += len(gone)
    freed.bytes += sum(one.size for one in gone)


def _uncount(client: int, were_ready: list[Held], now: datetime) -> None:
    """What a row that is ready still names stays in the storage and stays counted."""
    gone = _once(were_ready, holding.named(were_ready, ready=True))
    holding.add(client, files=-len(gone), size=-sum(one.size for one in gone))
    if gone:
        quotas.recheck(client, now)


def _once(held: Iterable[Held], but: set[str]) -> list[Held]:
    return list({one.name: one for one in held if one.name not in but}.values())


def _empty(rows: list[int], reason: str) -> None:
    """By order and from any state; what a worker has under way loses its lease, so its result does not count."""
    gone = {"state": State.UNAVAILABLE, "error": reason[:500], "cause": MediaFile.Cause.REMOVED, "size": None}
    MediaFile.objects.filter(pk__in=rows).let_go(**gone, **EMPTIED)


def _rows(pks: Iterable[int]) -> Iterator[Row]:
    for pk, instance, client, file, sha256, size, state in MediaFile.objects.filter(pk__in=pks).values_list(
        *NEEDED
    ):
        yield Row(pk, instance, client, Held(file, sha256, size or 0), state == State.READY)


def _renditions(media_files: list[int]) -> Iterator[tuple[str, str, int]]:
    made = Rendition.objects.filter(media_file__in=media_files).exclude(file="")
    for name, sha256, size in made.values_list("file", "media_file__sha256", "size"):
        yield name, sha256, size or 0


def _by_client(pks: Sequence[int]) -> dict[int, list[int]]:
    """In the order in which clients are locked everywhere."""
    found: dict[int, list[int]] = defaultdict(list)
    clients = MediaFile.objects.filter(pk__in=pks).order_by("instance__client", "pk")
    for client, pk in clients.values_list("instance__client", "pk"):
        found[client].append(pk)
    return found


def _tell(rows: list[Row], action: Change.Action, *, at: datetime) -> None:
    feed.tell(
        Change(
            client_id=row.client_id,
            instance_id=row.instance_id,
            topic=feed.Topic.MEDIA,
            action=action,
            object_id=row.pk,
            occurred_at=at,
        )
        for row in rows
    )


def _noted(names: Sequence[str]) -> QuerySet[Leftover]:
    return Leftover.objects.filter(name__in=names)


def _remove(leftover: Leftover, now: datetime) -> int:
    if holding.named([Held(leftover.name, leftover.sha256, 0)]):
        log.error("leftover is named by a row, left alone", file=leftover.name)
        leftover.delete()
        return 0
    if holding.is_under_way(leftover.name):
        return 0
    try:
        storage().delete(leftover.name)
    except Exception as exc:  # noqa: BLE001 - every storage has its own errors
        log.warning(
            "leftover not removed", file=leftover.name, reason=one_line(f"{type(exc).__name__}: {exc}")
        )
        Leftover.objects.filter(pk=leftover.pk).update(next_attempt_at=now + BREAK)
        return 0
    leftover.delete()
    return 1


def _batches(media_files: "QuerySet[MediaFile] | Iterable[MediaFile | int]") -> Iterator[list[int]]:
    """The ids are read page by page, because the rows are gone, or no longer chosen, after each."""
    if isinstance(media_files, QuerySet) and not media_files.query.is_sliced:
        last = 0
        chosen = media_files.order_by("pk").values_list("pk", flat=True)
        while page := list(chosen.filter(pk__gt=last)[:AT_ONCE]):
            yield page
            last = page[-1]
    else:
        yield from _pieces(one if isinstance(one, int) else int(one.pk) for one in media_files)


def _pieces(found: Iterator[Any]) -> Iterator[list[Any]]:
    while piece := list(islice(found, AT_ONCE)):
        yield piece
