"""How much room a client has left, and the files that wait for some.

What is counted are originals, each once (StorageUse). A file of ours that does not fit is refused; one that came waits,
which costs it no attempt, until there is room or its source's time is over.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min
from django.template.defaultfilters import filesizeformat

from accounts.models import Client
from media.models import MediaFile
from media.services.deciding import Decision

RECHECK = timedelta(hours=1)
NEARLY_FULL = 0.8
# Bounded: the rest of a long line is looked at with the next sweep.
AT_ONCE = 10_000
POSTPONED_AT_ONCE = 2_000
State, Cause = MediaFile.State, MediaFile.Cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """``until`` is when the first of the files that wait is gone at its source."""

    client: int
    name: str
    used: int
    quota: int
    waiting: int = 0
    until: datetime | None = None

    @property
    def share(self) -> float:
        return self.used / self.quota if self.quota else 1.0


def rooms(clients: Collection[int]) -> dict[int, int]:
    """Bytes that each of those clients that has a quota may have yet; less than nothing where it was lowered."""
    limited = Client.objects.filter(pk__in=set(clients), quota_bytes__isnull=False).order_by()
    values = limited.values_list("pk", "quota_bytes", "storage_use__bytes")
    return {pk: quota - (used or 0) for pk, quota, used in values}


def fits(client: int, size: int) -> bool:
    """Exact under the client's lock, else a first look."""
    room = rooms([client]).get(client)
    return room is None or size <= room


def hold_back(media_file: MediaFile, now: datetime) -> Decision:
    """Its deadline stands: after that nobody has the file any more, and the state says so."""
    size = filesizeformat(media_file.declared_size) if media_file.declared_size else "of unknown size"
    until = f"{media_file.expires_at:%Y-%m-%d %H:%M} UTC"
    if now >= media_file.expires_at:
        error = f"the client's storage was full until its source's time was over, {until}"
        return Decision(State.EXPIRED, Cause.QUOTA, error)
    error = (
        f"the client's storage is full; the file ({size}) waits for room and is at its source until {until}"
    )
    again = min(now + RECHECK, media_file.expires_at)
    return Decision(State.PENDING, Cause.QUOTA, error, again, counts=False)


def postpone(client: int, now: datetime) -> int:
    """Others of a client whose storage is full need not be claimed one by one to learn the same."""
    due = MediaFile.objects.filter(instance__client=client).due(now).filter(expires_at__gt=now + RECHECK)
    chosen = due.order_by("expires_at", "pk").values_list("pk", flat=True)[:POSTPONED_AT_ONCE]
    error = "the client's storage is full; the file waits for room"
    waiting = MediaFile.objects.filter(pk__in=list(chosen), state=State.PENDING, lease_until=None)
    return waiting.update(next_attempt_at=now + RECHECK, cause=Cause.QUOTA, error=error)


def recheck(client: int, now: datetime) -> int:
    """As many of those that wait as there is room for, the most urgent first, are due now."""
    room = rooms([client]).get(client)
    chosen = _that_fit(_waiting(client).order_by("expires_at", "pk"), room)
    return MediaFile.objects.filter(pk__in=chosen, state=State.PENDING, lease_until=None).update(
        next_attempt_at=now
    )


def recheck_all(now: datetime) -> int:
    """Those of a long line that were left, and what a change that passed by the models made room for."""
    clients = MediaFile.objects.filter(cause=Cause.QUOTA, state=State.PENDING).order_by()
    return sum(recheck(pk, now) for pk in clients.values_list("instance__client", flat=True).distinct())


def filling(clients: Iterable[int] | None = None) -> list[Filling]:
    """Clients with a quota, the fullest first."""
    limited = Client.objects.filter(quota_bytes__isnull=False)
    if clients is not None:
        limited = limited.filter(pk__in=list(clients))
    values = list(limited.values_list("pk", "name", "quota_bytes", "storage_use__bytes"))
    lines = _lines([pk for pk, *_ in values])
    found = [
        Filling(client=pk, name=name, used=used or 0, quota=quota, **lines.get(pk, {}))
        for pk, name, quota, used in values
    ]
    return sorted(found, key=lambda one: -one.share)


def learn_size(media_file: MediaFile, size: int) -> None:
    """What was fetched and did not fit is not fetched again before it does."""
    MediaFile.objects.filter(pk=media_file.pk).update(declared_size=size)


def _waiting(*clients: int) -> Any:
    return MediaFile.objects.filter(
        instance__client__in=clients, state=State.PENDING, cause=Cause.QUOTA, lease_until=None
    )


def _lines(clients: Iterable[int]) -> dict[int, dict[str, Any]]:
    """How many files wait for room, and how long they may."""
    waiting = _waiting(*clients).order_by().values("instance__client")
    rows = waiting.annotate(waiting=Count("pk"), until=Min("expires_at"))
    return {row.pop("instance__client"): row for row in rows}


def _that_fit(waiting: Any, room: int | None) -> list[int]:
    chosen: list[int] = []
    for pk, size in waiting.values_list("pk", "declared_size")[:AT_ONCE]:
        if room is not None:
            room -= max(size or 0, 1)
            if room < 0:
                break
        chosen.append(pk)
    return chosen
