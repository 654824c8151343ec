"""What happens to messages after they came: statuses, reactions, edits, revokes.

A change whose message has not come is kept, and applied when it does.
"""

from bisect import bisect
from collections.abc import Iterable
from datetime import datetime
from typing import Any

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
from accounts.updating import update_each
from messaging.models import Message, Reaction, StatusChange, WaitingChange, WebhookEvent
from messaging.services.contacts import People
from messaging.services.sending.settling import follow

# Each version is stored and shown, and a contact edits as often as it likes.
MOST_EDITS = 100

TIME_OF = {
    MessageStatus.DELIVERED: "delivered_at",
    MessageStatus.READ: "read_at",
    MessageStatus.PLAYED: "played_at",
    MessageStatus.FAILED: "failed_at",
}
TOLD = ("status", "error", *TIME_OF.values())


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
    return apply_statuses((row.message, row) for row in rows if row.message)


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
    adopted = [
        (message, row) for row in rows if (message := by_key.get((row.instance_id, row.provider_message_id)))
    ]
    update_each(StatusChange, [({"message": message.pk}, {"id": row.pk}) for message, row in adopted])
    apply_statuses(adopted)


def apply_statuses(told: Iterable[tuple[Message, StatusChange]]) -> list[Message]:
    """Forward only: READ before DELIVERY stays READ, and the earliest time of each status stays.

    Returns those for which it was news. They are locked in the order of their ids, so that two who tell of the same
    messages never wait for each other in a circle. One that was sent again meanwhile bears the id no more.
    """
    ours = [(message, change) for message, change in told if message.direction == Message.Direction.OUTBOUND]
    if not ours:
        return []
    rows = Message.objects.filter(pk__in={message.pk for message, _ in ours}).only(
        "provider_message_id", *TOLD
    )
    known = rows.order_by("pk").select_for_update(no_key=True).in_bulk()
    before = {pk: message.status for pk, message in known.items()}
    news = {
        message.pk: message
        for message, change in ours
        if (row := known.get(message.pk))
        and row.provider_message_id == change.provider_message_id
        and _advance(row, change)
    }
    update_each(Message, [({name: getattr(known[pk], name) for name in TOLD}, {"id": pk}) for pk in news])
    moved = [known[pk] for pk in news if before[pk] != known[pk].status]
    follow(row for row in moved if MessageStatus.FAILED in (before[row.pk], row.status))
    return list(news.values())


def _advance(message: Message, change: StatusChange) -> bool:
    """True if it was news."""
    news: dict[str, Any] = {}
    if Message.STATUS_RANK[message.status] < Message.STATUS_RANK[change.status]:
        news["status"] = str(change.status)
    column = TIME_OF.get(MessageStatus(change.status))
    if column and ((known := getattr(message, column)) is None or change.occurred_at < known):
        news[column] = change.occurred_at
    if change.error and change.error != message.error:
        news["error"] = change.error
    for name, value in news.items():
        setattr(message, name, value)
    return bool(news)


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
