"""Logs that grew old, dropped a batch at a time: rows of their own, never a lock that others would wait for.

Each table is walked along its primary key, in which age runs too, so that a batch is a short range of an index however
large the table is. What is in somebody's hands is left for another time, what a legal hold names stays.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Q

from accounts.models import AuditEntry
from media.models import FetchAttempt, MediaFile
from messaging.models import LegalHold, OutboxItem, Sign, StatusChange, TrafficHour, WebhookEvent
from messaging.services import signs
from messaging.services.feeding import drop_old
from messaging.services.gaps.habits import REMEMBERED
from messaging.services.webhooks_out import prune_deliveries

log = structlog.get_logger(__name__)

BATCH = 1000
# Between two batches, so that whoever writes to the same disk is not slowed.
PAUSE_SECONDS = 0.2
EVERY = timedelta(hours=1)
# What failed or still waits may be wanted longer than what went well.
LONGER = 4
LOGIN_DAYS = 90
SIGN = "pruning"
Event, Item = WebhookEvent.State, OutboxItem.State


@dataclass(frozen=True, kw_only=True)
class Sort:
    """Rows of one kind. ``days`` is 0 for ever; ``line`` leads to the instance that a hold may name."""

    name: str
    model: Any
    time: str
    days: Callable[[], float]
    over: Q = field(default_factory=Q)
    line: str = ""
    client: str = ""

    def before(self, now: datetime) -> datetime | None:
        days = self.days()
        return now - timedelta(days=days) if days else None

    def free(self, pks: list[Any]) -> Any:
        """Of these, what may go."""
        rows = self.model._default_manager.filter(self.over, pk__in=pks)
        if self.line:
            rows = rows.exclude(**{f"{self.line}__in": LegalHold.objects.held_instances()})
        if self.client:
            # NULL is nobody's, and NOT IN would keep it.
            held = Q(**{f"{self.client}__in": LegalHold.objects.held_clients()})
            rows = rows.filter(Q(**{self.client: None}) | ~held)
        return rows.order_by()


SORTS = (
    Sort(
        name="webhook events",
        model=WebhookEvent,
        time="received_at",
        days=lambda: settings.WEBHOOK_EVENT_DAYS,
        over=Q(state__in=(Event.PROCESSED, Event.IGNORED), lease_until=None),
        line="instance",
    ),
    Sort(
        name="webhook events that failed or wait",
        model=WebhookEvent,
        time="received_at",
        days=lambda: settings.WEBHOOK_EVENT_DAYS * LONGER,
        over=Q(lease_until=None),
        line="instance",
    ),
    Sort(
        name="tries to fetch",
        model=FetchAttempt,
        time="started_at",
        days=lambda: settings.ATTEMPT_DAYS,
        # While a file is not there, its log is what tells why.
        over=Q(media_file__state=MediaFile.State.READY),
        line="media_file__instance",
    ),
    Sort(
        name="finished sends",
        model=OutboxItem,
        time="created_at",
        days=lambda: settings.ATTEMPT_DAYS,
        over=Q(state__in=(Item.SENT, Item.CANCELLED), lease_until=None),
        line="instance",
    ),
    Sort(
        name="status changes",
        model=StatusChange,
        time="received_at",
        days=lambda: settings.STATUS_CHANGE_DAYS,
        line="instance",
    ),
    Sort(
        name="audit entries", model=AuditEntry, time="at", days=lambda: settings.AUDIT_DAYS, client="client"
    ),
    Sort(name="hours of traffic", model=TrafficHour, time="hour", days=lambda: REMEMBERED.days),
    Sort(name="signs of life", model=Sign, time="at", days=lambda: LOGIN_DAYS),
    *(
        Sort(name=name, model=model, time="attempt_time", days=lambda: LOGIN_DAYS)
        for name, model in (
            ("counts of failed logins", AccessAttempt),
            ("failed logins", AccessFailureLog),
            ("logins", AccessLog),
        )
    ),
)


@dataclass
class Pruning:
    """In the worker's loop: a batch at a turn, and one worker's round at a time."""

    _round: Iterator[int] | None = None
    _paused_at: float = float("-inf")
    _looked_at: datetime | None = None

    def turn(self, now: datetime) -> int:
        if time.monotonic() - self._paused_at < PAUSE_SECONDS:
            return 0
        if self._round is None and not self._begin(now):
            return 0
        self._paused_at = time.monotonic()
        dropped = next(self._round, None) if self._round else None
        if dropped is None:
            self._round = None
        return int(bool(dropped))

    def _begin(self, now: datetime) -> bool:
        if self._looked_at and now - self._looked_at < EVERY / 10:
            return False
        self._looked_at = now
        if not signs.my_turn(SIGN, EVERY, now):
            return False
        self._round = everything(now)
        return True


def everything(now: datetime, *, dry_run: bool = False) -> Iterator[int]:
    """Batch by batch, how many rows went."""
    for sort in SORTS:
        count = 0
        for dropped in batches(sort, now, dry_run=dry_run):
            count += dropped
            yield dropped
        if count and not dry_run:
            log.info("old rows dropped", sort=sort.name, count=count)
    if not dry_run:
        yield from _sessions(now)
        yield from _told(now)


def batches(sort: Sort, now: datetime, *, dry_run: bool = False) -> Iterator[int]:
    """Age runs along the key, but for a few that came late: behind a batch of nothing old there is nothing old."""
    before, last = sort.before(now), 0
    while before:
        page = list(_page(sort, last))
        old = [pk for pk, at in page if at < before]
        if not old:
            return
        yield sort.free(old).count() if dry_run else _drop(sort, old)
        last = page[-1][0]


def _page(sort: Sort, after: int) -> Any:
    rows = sort.model._default_manager.filter(pk__gt=after).order_by("pk")
    return rows.values_list("pk", sort.time)[:BATCH]


@transaction.atomic
def _drop(sort: Sort, pks: list[int]) -> int:
    free = sort.free(pks).only("pk")
    if connection.vendor == "postgresql":
        # Whoever reads or writes one of them right now keeps it until the next round.
        free = free.select_for_update(skip_locked=True, of=("self",))
    chosen = list(free.values_list("pk", flat=True))
    rows = sort.model._default_manager.filter(pk__in=chosen).only("pk").order_by()
    return int(rows.delete()[1].get(sort.model._meta.label, 0)) if chosen else 0


def _told(now: datetime) -> Iterator[int]:
    """The feed, and the deliveries that tell of it."""
    for drop in (drop_old, prune_deliveries):
        while dropped := drop(now):
            yield dropped


def _sessions(now: datetime) -> Iterator[int]:
    over = Session.objects.filter(expire_date__lt=now).order_by("expire_date")
    while chosen := list(over.values_list("pk", flat=True)[:BATCH]):
        yield Session.objects.filter(pk__in=chosen).delete()[0]
