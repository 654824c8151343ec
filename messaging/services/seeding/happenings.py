"""What became of a seeded message: statuses, reactions, edits, and sends that went wrong."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from accounts.models import User
from accounts.providers.events import ChatKind, MessageStatus
from messaging.models import Message, OutboxItem, Reaction, StatusChange
from messaging.services.seeding import invention
from messaging.services.seeding.tenants import Thread

LOGGED = timedelta(days=30)
# How many of a thousand, what it is in the end, and after which statuses.
ENDS = (
    (700, MessageStatus.READ, (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ)),
    (230, MessageStatus.DELIVERED, (MessageStatus.SENT, MessageStatus.DELIVERED)),
    (50, MessageStatus.SENT, (MessageStatus.SENT,)),
    (18, MessageStatus.FAILED, (MessageStatus.FAILED,)),
    (2, MessageStatus.UNKNOWN, ()),
)
TIMES = {
    MessageStatus.DELIVERED: "delivered_at",
    MessageStatus.READ: "read_at",
    MessageStatus.FAILED: "failed_at",
}
REFUSED = "The provider refused it: this number is not on WhatsApp."
DOUBTFUL = "The provider took the request and did not answer."


def send(chance: Random, message: Message, author: User | None, *, now: datetime) -> list[Any]:
    """Fills in how sending it ended; the rows that tell of it."""
    _, message.status, passed = chance.choices(ENDS, [end[0] for end in ENDS])[0]
    message.sent_by = author
    rows: list[Any] = []
    moment = message.sent_at
    for status in passed:
        moment += timedelta(seconds=1 + int(chance.expovariate(1 / 60)))
        if status in TIMES:
            setattr(message, TIMES[status], moment)
        if moment > now - LOGGED:
            rows.append(_status_change(message, status, moment))
    if message.status == MessageStatus.FAILED:
        message.error = REFUSED
    if message.status in (MessageStatus.FAILED, MessageStatus.UNKNOWN):
        rows.append(_outbox_item(message))
    return rows


def _status_change(message: Message, status: MessageStatus, moment: datetime) -> StatusChange:
    return StatusChange(
        instance=message.conversation.instance,
        message=message,
        provider_message_id=message.provider_message_id or "",
        status=status,
        occurred_at=moment,
        received_at=moment,
        error=REFUSED if status == MessageStatus.FAILED else "",
    )


def _outbox_item(message: Message) -> OutboxItem:
    failed = message.status == MessageStatus.FAILED
    return OutboxItem(
        instance=message.conversation.instance,
        conversation=message.conversation,
        message=message,
        action=OutboxItem.Action.MESSAGE,
        state=OutboxItem.State.FAILED if failed else OutboxItem.State.UNKNOWN,
        error=REFUSED if failed else DOUBTFUL,
        doubt="" if failed else OutboxItem.Doubt.UNANSWERED,
        created_by=message.sent_by,
        created_at=message.received_at,
        asked_at=message.sent_at,
        settled_at=message.failed_at,
        next_attempt_at=message.sent_at,
        attempts=1,
    )


def afterwards(chance: Random, message: Message, thread: Thread) -> list[Any]:
    """Edits and revocations change the message; a reaction is a row."""
    later = message.sent_at + timedelta(seconds=int(chance.expovariate(1 / 120)) + 5)
    fate = chance.random()
    if fate < 0.005 and message.text:
        message.earlier_texts = [{"text": message.text, "until": later.isoformat()}]
        message.text, message.edited_at = invention.text(chance), later
    elif fate < 0.009:
        message.revoked_at = later
    elif fate < 0.03:
        return [_reaction(chance, message, thread, later)]
    return []


def _reaction(chance: Random, message: Message, thread: Thread, later: datetime) -> Reaction:
    in_group = thread.conversation.kind == ChatKind.GROUP
    theirs = in_group or message.direction == Message.Direction.OUTBOUND
    actor = chance.choice(thread.members) if theirs else None
    return Reaction(message=message, actor=actor, emoji=chance.choice(invention.EMOJI), occurred_at=later)
