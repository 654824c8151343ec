"""What the provider still has of a time, taken in: stored like webhooks that came, and read by the worker as those are.

Nothing that is here already is stored again. The log names its own events by what they are, so taking the same time in
twice adds nothing either.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from accounts.models import WhatsappInstance
from accounts.providers.base import LoggedWebhook, LogPage, Provider
from accounts.providers.errors import UnknownPayload, WebhookError
from accounts.providers.events import (
    ConnectionChanged,
    Event,
    Ignored,
    LineTrouble,
    MessageReceived,
    StatusChanged,
)
from accounts.services import provider_for
from messaging.models import Message, StatusChange, TakenIn, WebhookEvent

log = structlog.get_logger(__name__)

# Enough for a day of a busy line; more is asked for by the command.
MOST_PAGES = 100
# One page after the other, and not as fast as possible.
BETWEEN_PAGES = 0.5
AT_ONCE = 200
AROUND_A_GAP = timedelta(minutes=5)
# What a connection or a complaint was then, nobody needs now.
PASSED = (Ignored, ConnectionChanged, LineTrouble)


@dataclass(slots=True)
class Span:
    """From ``since`` until ``until``; entries without a time count in."""

    since: datetime
    until: datetime

    def includes(self, one: LoggedWebhook) -> bool:
        return one.sent_at is None or self.since <= one.sent_at <= self.until

    def is_past(self, page: LogPage) -> bool:
        """Whether the pages behind this one lie outside, whichever way the log is sorted."""
        times = [one.sent_at for one in page.webhooks if one.sent_at]
        if len(times) < 2 or times[0] == times[-1]:
            return False
        newest_first = times[0] > times[-1]
        return max(times) < self.since if newest_first else min(times) > self.until


@dataclass(slots=True)
class Found:
    webhooks: list[LoggedWebhook] = field(default_factory=list)
    unreadable: int = 0
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Stored:
    """``foreign``: entries that do not name this line or that nobody can read."""

    new: int = 0
    known: int = 0
    foreign: int = 0


def collect(
    provider: Provider,
    span: Span,
    *,
    rest: Callable[[float], object],
    pages: int = MOST_PAGES,
    on_page: Callable[[int], object] = lambda count: None,
) -> Found:
    """Over the network only; raises what the provider raises."""
    found = Found()
    for number in range(1, pages + 1):
        page = provider.webhook_logs(number)
        found.webhooks += [one for one in page.webhooks if span.includes(one)]
        found.unreadable += page.unreadable
        on_page(len(page.webhooks))
        if not page.more or span.is_past(page):
            return found
        rest(BETWEEN_PAGES)
    found.is_whole = False
    return found


def take_in(
    instance: WhatsappInstance, webhooks: Sequence[LoggedWebhook], *, now: datetime, dry_run: bool = False
) -> Stored:
    """Oldest first, as they would have come."""
    early = datetime.min.replace(tzinfo=now.tzinfo)
    ordered = sorted(webhooks, key=lambda one: one.sent_at or early)
    total = [0, 0, 0]
    for start in range(0, len(ordered), AT_ONCE):
        stored = _take_some(instance, ordered[start : start + AT_ONCE], now, dry_run)
        total = [have + more for have, more in zip(total, stored, strict=True)]
    if any(total):
        log.info("webhook log taken in", instance=instance.pk, new=total[0], known=total[1], foreign=total[2])
    return Stored(*total)


def _take_some(
    instance: WhatsappInstance, webhooks: Iterable[LoggedWebhook], now: datetime, dry_run: bool
) -> tuple[int, int, int]:
    read = {_name(instance, one.body): (one, _events(instance, one.body)) for one in webhooks}
    fitting = {name: (one, events) for name, (one, events) in read.items() if events is not None}
    taken = set(TakenIn.objects.filter(name__in=fitting).values_list("name", flat=True))
    fresh = {
        name: one
        for (name, (one, _)), is_new in zip(
            fitting.items(), _news(instance, [e for _, e in fitting.values()]), strict=True
        )
        if is_new and name not in taken
    }
    if fresh and not dry_run:
        _store(instance, fresh, now)
    return len(fresh), len(fitting) - len(fresh), len(read) - len(fitting)


@transaction.atomic
def _store(instance: WhatsappInstance, fresh: dict[str, LoggedWebhook], now: datetime) -> None:
    rows = {
        name: WebhookEvent(
            instance=instance,
            body=one.body,
            received_at=min(one.sent_at or now, now),
            next_attempt_at=now,
            source=WebhookEvent.Source.BACKFILL,
        )
        for name, one in fresh.items()
    }
    WebhookEvent.objects.bulk_create(rows.values())
    TakenIn.objects.bulk_create([TakenIn(event=row, name=name) for name, row in rows.items()])


def _name(instance: WhatsappInstance, body: bytes) -> str:
    """Whatever order the log gives the keys in."""
    settled = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    return f"log {instance.pk} {hashlib.sha256(settled).hexdigest()}"


def _events(instance: WhatsappInstance, body: bytes) -> Sequence[Event] | None:
    """None for what is not this line's, or not to be understood."""
    provider = provider_for(instance)
    try:
        provider.verify_webhook(body, {})
        return provider.parse_webhook(body)
    except (WebhookError, UnknownPayload):
        return None


def _news(instance: WhatsappInstance, batches: Sequence[Sequence[Event] | None]) -> list[bool]:
    """Whether each brings something that is not here yet."""
    told = [[event for event in batch or () if not isinstance(event, PASSED)] for batch in batches]
    messages, ticks = _known(instance, [event for batch in told for event in batch])
    return [any(not _is_known(event, messages, ticks) for event in batch) for batch in told]


def _known(
    instance: WhatsappInstance, events: Iterable[Event]
) -> tuple[set[str | None], set[tuple[str, str, str]]]:
    ids = {event.message_id for event in events if isinstance(event, MessageReceived | StatusChanged)}
    mine = Message.objects.filter(conversation__instance=instance, provider_message_id__in=ids)
    ticks = StatusChange.objects.filter(instance=instance, provider_message_id__in=ids)
    return (
        set(mine.values_list("provider_message_id", flat=True)),
        set(ticks.values_list("provider_message_id", "status", "participant")),
    )


def _is_known(event: Event, messages: set[str | None], ticks: set[tuple[str, str, str]]) -> bool:
    if isinstance(event, MessageReceived):
        return event.message_id in messages
    if isinstance(event, StatusChanged):
        return any(event.message_id == told and event.status == status for told, status, _ in ticks)
    return False


def span_of(started_at: datetime, ended_at: datetime | None, now: datetime) -> Span:
    return Span(started_at - AROUND_A_GAP, (ended_at or now) + AROUND_A_GAP)
