"""Stored webhook events, drained in batches: a batch in one transaction, and one by one when that fails."""

import sqlite3
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic

import structlog
from django.db import IntegrityError, OperationalError
from django.db.models import F, QuerySet

from accounts import audit, feed
from accounts.leases import Claim, LeaseLost, WaitingQuerySet, lease
from accounts.models import WhatsappInstance
from accounts.providers import PROVIDERS
from accounts.providers.errors import UnknownPayload
from accounts.providers.events import Event, Ignored, MessageChange
from messaging.models import LegalHold, Message, WaitingChange, WebhookEvent
from messaging.services import accounting
from messaging.services.counting import count
from messaging.services.gaps import recording, traffic
from messaging.services.introducing import introduce
from messaging.services.receiving import Receiving, Told

log = structlog.get_logger(__name__)

BATCH = 100
# Of one line, if it has so many: what a transaction costs anyway is shared by these.
SHARE = 50
# A body that ends its worker this often is not tried again by itself.
MOST_ATTEMPTS = 5
# Meta sends up to 1,000 in one body. What is applied in one transaction keeps others waiting, so it has to end soon.
MOST_EVENTS = 2_000
# So many take a while to be applied.
MANY_EVENTS = 10
DATABASE_BREAK = timedelta(seconds=5)
State = WebhookEvent.State


class TooMuchAtOnce(Exception):
    """Each of these bodies may be read, but not all of them in one transaction."""


@dataclass(frozen=True, slots=True)
class Outcome:
    state: WebhookEvent.State
    error: str = ""


@dataclass(slots=True)
class Lines:
    """The instances of one client at one provider that are switched on, by the provider's own id."""

    home: WhatsappInstance
    parse: Callable[[bytes], Sequence[Event]]
    by_id: dict[str, WhatsappInstance]

    def find(self, line_id: str) -> WhatsappInstance | None:
        return self.by_id.get(line_id) if line_id else self.home


def process_due(
    token: uuid.UUID, *, now: datetime, limit: int = BATCH, work: WaitingQuerySet | None = None
) -> int:
    """Claim and process what is due. One worker at a time has an instance's events, and takes them in order."""
    wish = Claim(
        limit=limit, per_instance=limit, lease=lease(), token=token, exclusive=True, least_share=SHARE
    )
    rows = WebhookEvent.objects.all() if work is None else work
    claimed: list[WebhookEvent] = rows.claim(wish, now=now)
    claimed.sort(key=lambda event: (event.instance_id, event.pk))
    for _, batch in groupby(claimed, key=lambda event: event.instance_id):
        process_batch(list(batch), token, now)
    return len(claimed)


def process_again(queryset: QuerySet[WebhookEvent], *, now: datetime) -> int:
    """Put stored events back; processing them a second time adds only what is missing."""
    chosen = WebhookEvent.objects.filter(pk__in=queryset.values("pk"), lease_until=None)
    if audit.asker():
        rows = chosen.select_related("instance").only("pk", "instance__client")
        audit.note_many(audit.Action.EVENT_REPLAYED, rows, at=now)
    return chosen.update(state=State.PENDING, next_attempt_at=now, attempts=0, error="")


def process_batch(batch: list[WebhookEvent], token: uuid.UUID, now: datetime) -> None:
    lines = _lines(batch[0].instance)
    if any(event.attempts > 1 for event in batch):
        _one_by_one(batch, lines, token, now)
    else:
        _together(batch, lines, token, now)
    heard = [event.received_at for event in batch if event.source != WebhookEvent.Source.BACKFILL]
    if heard:
        WhatsappInstance.objects.heard_from(lines.home.pk, heard[-1])


def _together(batch: list[WebhookEvent], lines: Lines, token: uuid.UUID, now: datetime) -> None:
    try:
        _apply(batch, lines, token, now)
    except Exception as exc:  # noqa: BLE001 - one bad event must not take the others with it: each gets its own turn
        # Only the error's class: a database's message may quote a row.
        log.info("batch taken apart", instance=lines.home.pk, events=len(batch), error=type(exc).__name__)
        for event in _in_turn(batch, token, now):
            _process_one(event, lines, token, now)


def _one_by_one(batch: list[WebhookEvent], lines: Lines, token: uuid.UUID, now: datetime) -> None:
    """A worker ended while it held these. Each counts its own turn, so that the culprit alone uses up its attempts."""
    mine = WebhookEvent.objects.held_by(token)
    mine.filter(pk__in=[event.pk for event in batch]).update(attempts=F("attempts") - 1)
    for event in _in_turn(batch, token, now):
        mine.filter(pk=event.pk).update(attempts=event.attempts)
        _process_one(event, lines, token, now)


def _in_turn(batch: list[WebhookEvent], token: uuid.UUID, now: datetime) -> Iterator[WebhookEvent]:
    """One after the other, with the lease on what still waits kept alive."""
    start, renewed_at = monotonic(), timedelta()
    for position, event in enumerate(batch):
        passed = timedelta(seconds=monotonic() - start)
        if passed - renewed_at > lease() / 3:
            renewed_at = passed
            rest = [one.pk for one in batch[position:]]
            WebhookEvent.objects.filter(pk__in=rest).renew(token, now + passed + lease())
        yield event


def _process_one(event: WebhookEvent, lines: Lines, token: uuid.UUID, now: datetime) -> None:
    """What is told meanwhile names the event."""
    facts = {"webhook_event": event.pk, "instance": lines.home.pk, "attempt": event.attempts}
    with structlog.contextvars.bound_contextvars(**facts):
        _process_bounded(event, lines, token, now)


def _process_bounded(event: WebhookEvent, lines: Lines, token: uuid.UUID, now: datetime) -> None:
    """The one boundary: whatever goes wrong with an event is recorded on it, outside the work that is undone."""
    if event.attempts > MOST_ATTEMPTS:
        _close(event, Outcome(State.FAILED, "given up: workers ended while processing it"), token, now)
        return
    try:
        _apply([event], lines, token, now)
    except LeaseLost:
        log.warning("lease lost, result dropped", webhook_event=event.pk)
    except Exception as exc:  # noqa: BLE001
        facts = {"webhook_event": event.pk, "instance": lines.home.pk, "error": type(exc).__name__}
        if _is_passing(exc):
            log.warning("database busy, event waits", **facts)
            _postpone(event, token, now, attempts=event.attempts - 1)
        elif isinstance(exc, IntegrityError) and event.attempts < MOST_ATTEMPTS:
            log.warning("rows changed meanwhile, event is tried again", **facts)
            _postpone(event, token, now, attempts=event.attempts)
        else:
            # The traceback stands on the row only: a database's message may quote what was written.
            log.error("webhook event failed", **facts)  # noqa: TRY400
            _close(event, Outcome(State.FAILED, traceback.format_exc()), token, now)


def _is_passing(exc: Exception) -> bool:
    """Whether waiting helps: a statement that the database can never take would come back for ever."""
    sqlite_code = getattr(exc.__cause__, "sqlite_errorcode", None)
    sqlstate = getattr(exc.__cause__, "sqlstate", None) or ""
    beyond_limits = sqlite_code == sqlite3.SQLITE_ERROR or sqlstate.startswith("54")
    return isinstance(exc, OperationalError) and not beyond_limits


def _postpone(event: WebhookEvent, token: uuid.UUID, now: datetime, *, attempts: int) -> None:
    mine = WebhookEvent.objects.held_by(token).filter(pk=event.pk)
    mine.let_go(next_attempt_at=now + DATABASE_BREAK, attempts=attempts)


def _close(event: WebhookEvent, outcome: Outcome, token: uuid.UUID, now: datetime) -> None:
    mine = WebhookEvent.objects.held_by(token).filter(pk=event.pk)
    mine.let_go(state=outcome.state, error=outcome.error, processed_at=now)
    accounting.count(event, outcome.state, now=now)


def _apply(batch: list[WebhookEvent], lines: Lines, token: uuid.UUID, now: datetime) -> None:
    """Reading a large body takes a while and needs no transaction, which on SQLite would stop all other writers."""
    told: list[Told[Event]] = []
    outcomes = {}
    for webhook in batch:
        mine, outcome = _read(webhook, lines)
        outcomes[webhook] = outcome
        told += mine
    if len(batch) > 1 and len(told) > MOST_EVENTS:
        raise TooMuchAtOnce(f"{len(told)} events")
    if len(told) >= MANY_EVENTS:
        introduce(lines.home.client, told)
    with feed.collecting():
        receiving = Receiving(lines.home.client, told, now=now)
        new = receiving.apply()
        _apply_waiting(new, lines, now)
        _write_back(outcomes, token, now)
        count(new, now=now)
        traffic.note(outcomes)
        recording.note_late(new, receiving.sources())
        # What was erased or purged does not stay in a body either.
        WebhookEvent.objects.filter(pk__in=receiving.dropped).delete()
        # Beside what retention took, a body may have something that is held.
        purged = WebhookEvent.objects.filter(pk__in=receiving.purged)
        purged.exclude(instance__in=LegalHold.objects.held_instances()).delete()
    accounting.account(outcomes, new, lines.home, now=now)


def _read(webhook: WebhookEvent, lines: Lines) -> tuple[list[Told[Event]], Outcome]:
    try:
        events = lines.parse(bytes(webhook.body))
    except UnknownPayload as exc:
        return [], Outcome(State.IGNORED, str(exc))
    if len(events) > MOST_EVENTS:
        return [], Outcome(State.FAILED, f"{len(events)} events in one body, more than {MOST_EVENTS}")
    told, notes = [], []
    for event in events:
        instance = lines.find(event.line_id)
        if isinstance(event, Ignored):
            notes.append(event.reason)
        elif instance is None:
            notes.append(f"line {event.line_id} is not one of this client's")
        else:
            told.append(Told(event, webhook, instance))
    return told, Outcome(State.PROCESSED if told else State.IGNORED, "; ".join(notes)[:2000])


def _apply_waiting(new: list[Message], lines: Lines, now: datetime) -> None:
    """Changes that came before their messages: their webhook events are read again for just those."""
    wanted = {message.provider_message_id for message in new}
    rows = WaitingChange.objects.filter(instance__in=lines.by_id.values(), provider_message_id__in=wanted)
    events = {row.event_id: row.event for row in rows.select_related("event")}
    if not events:
        return
    rows.delete()
    told = [
        one
        for event in sorted(events.values(), key=lambda event: event.pk)
        for one in _read(event, lines)[0]
        if isinstance(one.event, MessageChange) and one.event.message_id in wanted
    ]
    Receiving(lines.home.client, told, now=now).apply()


def _write_back(outcomes: dict[WebhookEvent, Outcome], token: uuid.UUID, now: datetime) -> None:
    """Most of a batch ends the same way and is one update. LeaseLost undoes everything: another worker has it."""
    events = sorted(outcomes, key=lambda event: (outcomes[event].state, outcomes[event].error))
    for outcome, same in groupby(events, key=lambda event: outcomes[event]):
        _settle([event.pk for event in same], outcome, token, now)


def _settle(pks: Iterable[int], outcome: Outcome, token: uuid.UUID, now: datetime) -> None:
    chosen = list(pks)
    mine = WebhookEvent.objects.held_by(token).filter(pk__in=chosen)
    if mine.let_go(state=outcome.state, error=outcome.error, processed_at=now) != len(chosen):
        raise LeaseLost(f"{len(chosen)} webhook events")


def _lines(instance: WhatsappInstance) -> Lines:
    mine = WhatsappInstance.objects.reachable().filter(client=instance.client_id, provider=instance.provider)
    by_id = {line.instance_id: line for line in mine.sealed().select_related("client")}
    return Lines(instance, PROVIDERS[instance.provider].parse_webhook, by_id)
