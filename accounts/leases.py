"""Waiting work of an instance or another owner: rows that workers claim, so that a kill loses and doubles nothing.

A row waits in ``waiting_state`` until ``next_attempt_at``. A claim gives it a token and a time limit; a worker that
lives renews the limit, one that died lets it run out, and the row can be claimed again. Whoever writes a result
names the token, so a worker that lost its lease cannot overwrite the winner.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import OfInstance, WhatsappInstance


class LeaseLost(Exception):
    """The lease ran out and somebody else holds the row now; whatever this worker made of it is void."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """How a worker asks for work. ``per_instance`` is the most that may be under way for one owner at a time.

    An ``exclusive`` claim takes an owner only when no other worker has any of its work. Of an owner that has so much
    waiting, ``least_share`` is taken, and the owners that are then left out are free for other workers. Without
    ``counts`` the attempt is counted by whoever begins it.
    """

    limit: int
    per_instance: int
    lease: timedelta
    token: uuid.UUID
    exclusive: bool = False
    least_share: int = 0
    counts: bool = True


def lease() -> timedelta:
    """How long claimed work stays with a worker that says nothing."""
    return timedelta(seconds=settings.WORKER_LEASE_SECONDS)


class WaitingQuerySet(OfInstance):
    def due(self, now: datetime) -> Self:
        return self.filter(state=self.model.waiting_state, lease_until=None, next_attempt_at__lte=now)

    def abandoned(self, now: datetime) -> Self:
        """Claimed by a worker that did not renew its lease."""
        return self.filter(lease_until__lte=now)

    def under_way(self, now: datetime) -> Self:
        return self.filter(lease_until__gt=now)

    def claimable(self, now: datetime) -> Self:
        return self.due(now) | self.abandoned(now)

    def waits(self, now: datetime) -> bool:
        return any(_look(self, now))

    def held_by(self, token: uuid.UUID) -> Self:
        return self.filter(lease_token=token)

    def renew(self, token: uuid.UUID, until: datetime) -> int:
        return self.held_by(token).update(lease_until=until)

    def let_go(self, **changes: Any) -> int:
        return self.update(lease_token=None, lease_until=None, **changes)

    def claim(self, claim: Claim, *, now: datetime) -> list[Any]:
        """Take up to ``claim.limit`` rows: abandoned ones first, then the most urgent, evenly over instances."""
        due, abandoned = _look(self, now)
        if not due and not abandoned:
            return []
        with transaction.atomic():
            chosen = _choose(self, claim, now, abandoned=abandoned)
            # Asked once more: a late worker may have written its result since the row was chosen.
            self.model.objects.all().claimable(now).filter(pk__in=chosen).update(
                state=self.model.claimed_state,
                lease_token=claim.token,
                lease_until=now + claim.lease,
                attempts=F("attempts") + int(claim.counts),
            )
        if not chosen:
            return []
        rows = self.model.objects.filter(pk__in=chosen, lease_token=claim.token)
        # Prefetched, an owner is read once, not once for each of its rows.
        owners = Prefetch(self.model.owner_field, self.model.owners())
        return list(rows.prefetch_related(owners).order_by(*self.model.claim_order))


class WaitingWork(models.Model):
    """What every kind of waiting work has. ``attempts`` rises before work begins, so what kills workers is seen.

    ``owner_field`` leads to the row whose work is shared out fairly; its queryset tells which are ``reachable()``.
    """

    owner_field: ClassVar[str] = "instance"
    waiting_state: ClassVar[str]
    claimed_state: ClassVar[str]
    claim_order: ClassVar[tuple[str, ...]]

    attempts = models.PositiveIntegerField(_("attempts"), default=0, editable=False)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now, editable=False)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def owners(cls) -> Any:
        return WhatsappInstance.objects.sealed().select_related("client")


def lease_indexes(table: str, *order: str, owner: str = "instance") -> list[models.Index]:
    """Partial indexes on the few rows that wait or are under way, however many are done."""
    waiting = Q(state="pending", lease_until=None)
    return [
        models.Index(fields=[owner, *order], condition=waiting, name=f"{table}_waiting"),
        models.Index(fields=["next_attempt_at"], condition=waiting, name=f"{table}_due"),
        models.Index(
            fields=[owner, "lease_until"], condition=Q(lease_until__isnull=False), name=f"{table}_leased"
        ),
    ]


def _look(work: WaitingQuerySet, now: datetime) -> tuple[bool, bool]:
    """Whether anything is due, and whether anything was abandoned; one statement, for workers ask at each turn."""
    try:
        queries = [
            rows.order_by().values("pk")[:1].query.sql_with_params()
            for rows in (work.due(now), work.abandoned(now))
        ]
    except EmptyResultSet:
        return False, False
    (due, first), (abandoned, second) = queries
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS({due}), EXISTS({abandoned})", [*first, *second])
        found = cursor.fetchone()
    return bool(found[0]), bool(found[1])


def _choose(work: WaitingQuerySet, claim: Claim, now: datetime, *, abandoned: bool) -> list[int]:
    owners = _lock_owners(work, claim, now)
    busy = _under_way(work, owners, now)
    chosen: list[int] = []
    for position, owner in enumerate(owners):
        left = claim.limit - len(chosen)
        fair_share = min(left, max(claim.least_share, -(-left // (len(owners) - position))))
        running = busy.get(owner, 0)
        room = min(fair_share, 0 if claim.exclusive and running else claim.per_instance - running)
        mine = work.filter(**{work.model.owner_field: owner})
        chosen += _most_urgent(mine, room, now, abandoned=abandoned)
    return chosen


def _lock_owners(work: WaitingQuerySet, claim: Claim, now: datetime) -> list[int]:
    """Owners with something to do, in no lasting order; locked, so that the limit holds across processes.

    The lock is the weak kind: it does not stop webhooks of that instance from being stored.
    """
    mine = work.filter(**{work.model.owner_field: OuterRef("pk")})
    waiting = Q(Exists(mine.due(now))) | Q(Exists(mine.abandoned(now)))
    rows = work.model.owners().reachable().filter(waiting).order_by("?")
    if claim.exclusive:
        # Those that cannot be had are not locked either, because somebody else may want to write to them.
        others = work.model.objects.under_way(now).filter(**{work.model.owner_field: OuterRef("pk")})
        rows = rows.exclude(Exists(others))
    locked = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return list(locked.values_list("pk", flat=True)[: claim.limit])


def _under_way(work: WaitingQuerySet, owners: Iterable[int], now: datetime) -> dict[int, int]:
    """All of the owner's work counts, not only what this worker was asked to look at."""
    field = work.model.owner_field
    rows = work.model.objects.under_way(now).filter(**{f"{field}__in": owners}).order_by().values(field)
    return {row[field]: row["n"] for row in rows.annotate(n=Count("pk"))}


def _most_urgent(work: WaitingQuerySet, room: int, now: datetime, *, abandoned: bool) -> list[int]:
    order, chosen = work.model.claim_order, []
    if abandoned and room > 0:
        chosen = list(work.abandoned(now).order_by(*order).values_list("pk", flat=True)[:room])
    left = room - len(chosen)
    due = work.due(now).order_by(*order).values_list("pk", flat=True)[:left] if left > 0 else []
    return chosen + list(due)
