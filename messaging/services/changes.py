"""What happens to messages after they came: statuses, reactions, edits, revokes.

A change whose message has not come is kept, and applied when it does.
"""

from bisect import bisect
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Least

from accounts.models import WhatsappInstance
from accounts.providers.events import (
    ChatKind,
    MessageChange,
    MessageEdited,
    MessageRevoked,
    MessageStatus,
    ReactionChanged,
    StatusChanged,
)
from messaging.models import Message, Reaction, StatusChange, WaitingChange, WebhookEvent
from messaging.services.contacts import People

# Each version is stored and shown, and a contact edits as often as it likes.
MOST_EDITS = 100

TIME_OF = {
    MessageStatus.DELIVERED: "delivered_at",
    MessageStatus.READ: "read_at",
    MessageStatus.PLAYED: "played_at",
    MessageStatus.FAILED: "failed_at",
}


def keep_statuses(
    told: Iterable[tuple[WhatsappInstance, StatusChanged, Message | None, datetime]],
) -> list[Message]:
    """Each status event once, by the database's own constraint; returns the messages that it changed."""
    rows = [
        StatusChange(
            instance=instance,
            message=message,
            provider_message_id=change.message_id,
            status=change.status,
            participant=change.participant[:200],
            occurred_at=change.occurred_at or received_at,
            error=change.error[:500],
            tag=change.tag[:200],
        )
        for instance, change, message, received_at in told
    ]
    StatusChange.objects.bulk_create(rows, ignore_conflicts=True)
    return [row.message for row in rows if row.message and apply_status(row.message, row)]


def adopt_statuses(messages: Iterable[Message]) -> None:
    """Statuses that overtook their messages."""
    by_key = {
        (message.conversation.instance_id, message.provider_message_id): message for message in messages
    }
    rows = StatusChange.objects.filter(
        message=None,
        instance__in={instance for instance, _ in by_key},
        provider_message_id__in={provider_id for _, provider_id in by_key},
    )
    for row in rows:
        message = by_key.get((row.instance_id, row.provider_message_id))
        if message:
            StatusChange.objects.filter(pk=row.pk).update(message=message)
            apply_status(message, row)


def apply_status(message: Message, change: StatusChange) -> bool:
    """Forward only: READ before DELIVERY stays READ, and the earliest time of each status stays. True if news."""
    if message.direction != Message.Direction.OUTBOUND:
        return False
    rank = Message.STATUS_RANK
    lower = [status for status in rank if rank[status] < rank[change.status]]
    changes: dict[str, Any] = {
        "status": Case(When(status__in=lower, then=Value(str(change.status))), default=F("status"))
    }
    news = Q(status__in=lower)
    column = TIME_OF.get(MessageStatus(change.status))
    if column:
        changes[column] = Least(Coalesce(F(column), change.occurred_at), change.occurred_at)
        news |= Q(**{column: None}) | Q(**{f"{column}__gt": change.occurred_at})
    if change.error:
        changes["error"] = change.error
        news |= ~Q(error=change.error)
    return bool(Message.objects.filter(news, pk=message.pk).update(**changes))


def belongs(message: Message, change: MessageChange, people: People) -> bool:
    """Whether a change may touch this message: nobody reaches into another chat or edits what others wrote."""
    conversation = message.conversation
    if change.chat and (change.chat.kind == ChatKind.DIRECT) != (conversation.kind == ChatKind.DIRECT):
        return False
    if change.chat and change.chat.kind != ChatKind.DIRECT and conversation.chat_id != change.chat.id[:200]:
        return False
    contact = people.known(change.chat.contact) if change.chat and change.chat.contact else None
    if contact and conversation.kind == ChatKind.DIRECT and conversation.contact_id != contact.pk:
        return False
    return not isinstance(change, MessageEdited | MessageRevoked) or _may_rewrite(message, change, people)


def _may_rewrite(message: Message, change: MessageChange, people: People) -> bool:
    in_group = message.conversation.kind == ChatKind.GROUP
    if in_group and isinstance(change, MessageRevoked):
        return True  # an administrator of the group may take back anybody's message
    if change.sender is None:
        return message.direction == Message.Direction.OUTBOUND
    author = people.known(change.sender)
    return author is not None and author.pk == message.sender_id


def apply_change(message: Message, change: MessageChange, people: People, received_at: datetime) -> bool:
    """True if it was news."""
    at = change.occurred_at or received_at
    if isinstance(change, ReactionChanged):
        return _react(message, change, people, at)
    if isinstance(change, MessageEdited):
        return _edit(message, change.text, at)
    if not isinstance(change, MessageRevoked) or message.revoked_at is not None:
        return False
    message.revoked_at = at
    message.save(update_fields=["revoked_at"])
    return True


def keep_for_later(instance: WhatsappInstance, change: MessageChange, event: WebhookEvent) -> None:
    WaitingChange.objects.get_or_create(instance=instance, provider_message_id=change.message_id, event=event)


def _react(message: Message, change: ReactionChanged, people: People, at: datetime) -> bool:
    actor, emoji = people.find(change.sender) if change.sender else None, change.emoji[:64]
    row, created = Reaction.with_removed.get_or_create(
        message=message, actor=actor, defaults={"emoji": emoji, "occurred_at": at}
    )
    if created or at < row.occurred_at:
        return created and bool(emoji)
    is_news = row.emoji != emoji
    row.emoji, row.occurred_at = emoji, at
    row.save(update_fields=["emoji", "occurred_at"])
    return is_news


def _edit(message: Message, text: str, at: datetime) -> bool:
    """Each version in its place, in whatever order the edits come; a repeated one changes nothing.

    Our own edit is told again by the provider, by another clock: the same text right before or after is the same edit.
    Of very many, the first text and the newest stay.
    """
    texts = [version["text"] for version in message.earlier_texts] + [message.text]
    ends = [datetime.fromisoformat(version["until"]) for version in message.earlier_texts]
    place = bisect(ends, at)
    if at in ends or text in texts[place : place + 2]:
        return False
    texts.insert(place + 1, text)
    ends.insert(place, at)
    if len(ends) > MOST_EDITS:
        del texts[1], ends[0]
    message.text, message.edited_at = texts[-1], ends[-1]
    message.earlier_texts = [
        {"text": earlier, "until": end.isoformat()} for earlier, end in zip(texts, ends, strict=False)
    ]
    message.save(update_fields=["text", "edited_at", "earlier_texts"])
    return True
