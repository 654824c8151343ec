"""What came of a send, written down: the item, its message, its line, and the feed, in one transaction."""

import random
import uuid
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import F

from accounts import feed, metrics
from accounts.providers.events import (
    MessageChange,
    MessageEdited,
    MessageRevoked,
    MessageStatus,
    ReactionChanged,
)
from accounts.services import raise_alarm
from messaging.models import Message, OutboxItem
from messaging.services import changes
from messaging.services.contacts import People
from messaging.services.sending import pacing
from messaging.services.sending.errands import Answer
from messaging.services.sending.identifying import identify
from messaging.services.sending.judging import Verdict, judge
from messaging.services.sending.settling import stand
from messaging.services.telling import tell_message

log = structlog.get_logger(__name__)
chance = random.Random()

State, Action = OutboxItem.State, OutboxItem.Action
STATUS_OF = {State.UNKNOWN: MessageStatus.UNKNOWN, State.FAILED: MessageStatus.FAILED}


def record(answer: Answer, token: uuid.UUID, now: datetime) -> None:
    item = answer.errand.item
    failures = pacing.failures_of(item.instance, now) if answer.error else 0
    verdict = judge(answer, failures=failures, grace=grace(), chance=chance.uniform)
    with feed.collecting():
        is_sent = verdict.state == State.SENT
        kept = _sent(answer, token, now) if is_sent else write_verdict(item, verdict, token, now)
        _learn(item, verdict, now)
    _log(answer, verdict, now, kept=kept)


def grace() -> timedelta:
    return timedelta(seconds=settings.SEND_SETTLE_SECONDS)


def write_verdict(item: OutboxItem, verdict: Verdict, token: uuid.UUID, now: datetime) -> bool:
    """A result other than success; False if the item is somebody else's by now, whose word counts then."""
    facts: dict[str, Any] = {
        "error": verdict.error[:500],
        "doubt": verdict.doubt,
        "next_attempt_at": now + verdict.again,
    }
    if verdict.state != State.UNKNOWN:
        facts["asked_at"] = None
    if verdict.state == State.FAILED:
        facts["settled_at"] = now
    if not verdict.counts:
        facts["attempts"] = F("attempts") - 1
    held = OutboxItem.objects.held_by(token).filter(pk=item.pk, tag=item.tag)
    if not held.move_to(verdict.state, **facts):
        return False
    if verdict.state in STATUS_OF:
        stand(item, STATUS_OF[verdict.state], now, error=verdict.error)
    return True


def _sent(answer: Answer, token: uuid.UUID, now: datetime) -> bool:
    """A success is a fact, whoever holds the item now: an echo may have settled it, or its lease may have run out."""
    item = answer.errand.item
    facts = {"settled_at": now, "error": "", "doubt": ""}
    # Sent again since then, it bears another tag.
    rows = OutboxItem.objects.filter(pk=item.pk, tag=item.tag)
    kept = rows.held_by(token).move_to(State.SENT, **facts) or _not_failed_later(rows).move_to(
        State.SENT, **facts
    )
    # Read anew: its conversation, or the message itself, may have become part of another one meanwhile.
    asked = Message.objects.select_related("conversation__instance__client", "media")
    message = asked.filter(outbox=item.pk, outbox__tag=item.tag).first()
    if message is None:
        return False
    if item.action == Action.MESSAGE:
        identify(message, answer.provider_id, now)
    elif kept:
        _show(item, message, now)
    return bool(kept)


def _not_failed_later(rows: Any) -> Any:
    """A status that came before the answer may have told its id, and that it failed."""
    return rows.exclude(action=Action.MESSAGE, message__provider_message_id__isnull=False)


def _show(item: OutboxItem, message: Message, now: datetime) -> None:
    """What was done to the message, here as well: not every provider echoes it."""
    event = _event(item, message, now)
    if event:
        people = People(message.conversation.instance.client, [])
        changes.apply_change(message, event, people, now)
        tell_message(message, now)


def _event(item: OutboxItem, message: Message, now: datetime) -> MessageChange | None:
    facts: dict[str, Any] = {
        "line_id": message.conversation.instance.instance_id,
        "message_id": message.provider_message_id,
        "occurred_at": now,
    }
    if item.action == Action.REACTION:
        return ReactionChanged(emoji=item.content.get("emoji", ""), **facts)
    if item.action == Action.EDIT:
        return MessageEdited(text=item.content.get("text", ""), **facts)
    return MessageRevoked(**facts) if item.action == Action.DELETE else None


def _learn(item: OutboxItem, verdict: Verdict, now: datetime) -> None:
    if verdict.rest is not None:
        pacing.rest(item.instance, verdict.rest, verdict.error, now)
    else:
        if verdict.state == State.SENT:
            pacing.went_well(item.instance, now)
        pacing.pace(item, now)
    if verdict.needs_person:
        raise_alarm(item.instance, verdict.error, now=now)


def _log(answer: Answer, verdict: Verdict, now: datetime, *, kept: bool) -> None:
    item = answer.errand.item
    metrics.sends.labels(item.instance.provider, verdict.state.value).inc()
    if verdict.state == State.SENT and item.action == Action.MESSAGE:
        metrics.send_seconds.observe(max(0.0, (now - item.created_at).total_seconds()))
    log.info(
        "send answered" if kept else "send settled before its answer",
        instance=item.instance_id,
        message=item.message_id,
        outbox_item=item.pk,
        action=item.action,
        state=verdict.state.value,
        status=answer.error.status if answer.error else None,
        attempt=item.attempts,
        duration=round(answer.duration, 3),
    )
    if answer.bug:
        log.error("send failed with a bug", outbox_item=item.pk, traceback=answer.bug)
