"""What is done to messages that exist: reactions, edits, deletions and read receipts, as work that waits."""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext as _

from accounts import audit, feed
from accounts.models import User
from accounts.providers.events import MessageType
from accounts.providers.wire import clean_text
from messaging.abilities import abilities_of
from messaging.models import Conversation, Message, OutboxItem
from messaging.services.sending.checking import check_length, check_line
from messaging.services.sending.drafting import NotSendable
from messaging.services.sending.queueing import enqueue
from messaging.services.telling import tell_conversation

# WhatsApp's own limits; the second is two days and twelve hours.
EDIT_WITHIN = timedelta(minutes=15)
DELETE_WITHIN = timedelta(hours=60)
LONGEST_EMOJI = 64
DONE_WITH = (OutboxItem.State.FAILED, OutboxItem.State.CANCELLED)

Do = OutboxItem.Action


def react(message: Message, emoji: str, *, by: User | None, now: datetime) -> OutboxItem:
    """An empty ``emoji`` takes our reaction back."""
    _check_reachable(message)
    if len(emoji) > LONGEST_EMOJI:
        raise NotSendable("too_long", _("A reaction is one emoji."), "emoji")
    if emoji and emoji.isascii():
        raise NotSendable("wrong_type", _("A reaction is an emoji."), "emoji")
    with feed.collecting():
        return enqueue(message, Do.REACTION, by=by, now=now, content={"emoji": clean_text(emoji)})


def edit(message: Message, text: str, *, by: User | None, now: datetime) -> OutboxItem:
    _check_ours(message)
    abilities = abilities_of(message.conversation.instance)
    if not abilities.edit:
        raise NotSendable("unsupported", _("This provider cannot change a sent message."))
    if message.type != MessageType.TEXT:
        raise NotSendable("wrong_type", _("Only texts can be changed."))
    check_length(text, abilities.text)
    _check_time(message, now, EDIT_WITHIN)
    with feed.collecting():
        return enqueue(message, Do.EDIT, by=by, now=now, content={"text": clean_text(text)})


def delete(message: Message, *, by: User | None, now: datetime) -> OutboxItem:
    """For everyone."""
    _check_ours(message)
    if not abilities_of(message.conversation.instance).delete:
        raise NotSendable("unsupported", _("This provider cannot take a sent message back."))
    _check_time(message, now, DELETE_WITHIN)
    with feed.collecting():
        return enqueue(message, Do.DELETE, by=by, now=now)


def mark_read(conversation: Conversation, *, by: User | None, now: datetime) -> None:
    """What ``conversation`` counted when it was read is read; what came since then is not."""
    seen = conversation.unread_count
    rows = Conversation.objects.filter(pk=conversation.pk, unread_count__gte=seen)
    with feed.collecting():
        if seen and rows.update(unread_count=F("unread_count") - seen):
            tell_conversation(conversation, now)
            if by is not None:
                audit.note_once(audit.Action.CONVERSATION_READ, conversation, by=by, at=now)
        newest = _newest_inbound(conversation)
        if newest and _may_receipt(newest):
            enqueue(newest, Do.READ, by=by, now=now)
    conversation.refresh_from_db(fields=["unread_count"])


def _newest_inbound(conversation: Conversation) -> Message | None:
    rows = conversation.messages.filter(direction=Message.Direction.INBOUND).exclude(provider_message_id=None)
    newest: Message | None = rows.order_by("-sent_at", "-id").first()
    if newest:
        newest.conversation = conversation
    return newest


def _may_receipt(message: Message) -> bool:
    instance = message.conversation.instance
    receipts = message.outbox.filter(action=Do.READ).exclude(state__in=DONE_WITH)
    return instance.is_reachable and not receipts.exists()


def _check_reachable(message: Message) -> None:
    check_line(message.conversation)
    if not message.provider_message_id:
        raise NotSendable("not_sent_yet", _("This message has not been sent yet."))
    if message.revoked_at:
        raise NotSendable("too_late", _("This message was deleted."))


def _check_ours(message: Message) -> None:
    if message.direction != Message.Direction.OUTBOUND:
        raise NotSendable("not_ours", _("Only one's own messages can be changed or deleted."))
    _check_reachable(message)


def _check_time(message: Message, now: datetime, within: timedelta) -> None:
    if now - message.sent_at > within:
        raise NotSendable("too_late", _("WhatsApp allows this for a while only, and that is over."))
