"""Which of our messages a provider's id belongs to: told by its answer, by our own tag, or seen in an echo.

An answer and a tag are certain. An echo is matched by what it says, so an answer that comes later may correct it.
"""

import uuid
from datetime import datetime

import structlog
from django.db.models import Case, F, Q, QuerySet, Value, When

from accounts.feed import Action
from accounts.models import WhatsappInstance
from accounts.providers.events import ChatKind, MessageReceived, MessageStatus, StatusChanged
from media.models import MediaFile
from media.services.uploads import copy_of
from messaging.models import Conversation, Message, OutboxItem, StatusChange, WaitingChange, WebhookEvent
from messaging.services import changes, contacts, counting
from messaging.services.sending.matching import shown_by
from messaging.services.sending.settling import follow
from messaging.services.telling import tell_message

log = structlog.get_logger(__name__)

State = OutboxItem.State
LONGEST_ID = 200


def adopt_echo(conversation: Conversation, event: MessageReceived, now: datetime) -> Message | None:
    """The message of ours that this echo shows, with its id from now on; None if nothing of ours is in doubt."""
    if not _may_be_ours(event):
        return None
    item = shown_by(event, _asked(conversation))
    # Answered while we looked, it has its id, and this echo is another message's.
    return _named(item, event.message_id, now) if item and _settle(item, now) else None


def shows_an_earlier_try(conversation: Conversation, event: MessageReceived) -> bool:
    """Whether a message of ours bore this id when it failed, and has gone out once more."""
    if not _may_be_ours(event):
        return False
    told = StatusChange.objects.filter(
        instance=conversation.instance_id, provider_message_id=event.message_id, status=MessageStatus.FAILED
    )
    return bool(told.filter(message__conversation=conversation).exists())


def _may_be_ours(event: MessageReceived) -> bool:
    return event.from_me and event.from_api is not False


def adopt_tagged(instance: WhatsappInstance, event: StatusChanged, now: datetime) -> Message | None:
    """The message that we sent with this tag, if we have not heard of its id in another way."""
    try:
        tag = uuid.UUID(event.tag)
    except ValueError:
        return None
    rows = OutboxItem.objects.filter(tag=tag, instance=instance, action=OutboxItem.Action.MESSAGE)
    item = _with_message(rows).first()
    # What was sent already may still lack its id: a person only said that it was.
    if item and (_settle(item, now) or rows.filter(state=State.SENT).exists()):
        return _named(item, event.message_id, now)
    return None


def _settle(item: OutboxItem, now: datetime) -> bool:
    rows = OutboxItem.objects.filter(pk=item.pk)
    return bool(rows.move_to(State.SENT, settled_at=now, error="", doubt=""))


def _named(item: OutboxItem, provider_id: str, now: datetime) -> Message | None:
    if not identify(item.message, provider_id, now):
        return None
    log.info("send settled", instance=item.instance_id, message=item.message_id, outbox_item=item.pk)
    return item.message


def _asked(conversation: Conversation) -> QuerySet[OutboxItem]:
    """Sends that may have left without our knowing it; what is under way right now comes first."""
    rows = OutboxItem.objects.filter(
        conversation=conversation,
        state__in=(State.SENDING, State.UNKNOWN),
        action=OutboxItem.Action.MESSAGE,
        asked_at__isnull=False,
        message__provider_message_id=None,
    )
    under_way_first = Case(When(state=State.SENDING, then=0), default=1)
    return _with_message(rows).order_by(under_way_first, "id")


def _with_message(rows: QuerySet[OutboxItem]) -> QuerySet[OutboxItem]:
    return rows.select_related("message__conversation__instance", "message__media")


def identify(message: Message, provider_id: str, now: datetime) -> bool:
    """``provider_id`` is this message's, whoever bears it now. False if it is another send's of ours."""
    provider_id = provider_id[:LONGEST_ID]
    given = message.provider_message_id
    if given == provider_id:
        return True
    bearer = _bearer(message, provider_id)
    if bearer and given:
        _exchange(message, bearer, now)
    elif bearer and is_a_send(bearer):
        return False
    elif bearer:
        _absorb(message, bearer, now)
        _give(message, provider_id)
    elif given:
        _give_up(message, given, provider_id, now)
    else:
        _give(message, provider_id)
    tell_message(message, now)
    return True


def _bearer(message: Message, provider_id: str) -> Message | None:
    """Who bears the id in this thread.

    An echo may have named the other side by an alias that we did not know, and then stands in a thread of its own.
    """
    mine = message.conversation
    rows = Message.objects.filter(conversation__instance=mine.instance_id, provider_message_id=provider_id)
    others = rows.exclude(pk=message.pk).select_related("conversation__instance", "media")
    elsewhere = [one.conversation_id for one in others if _shows_an_alias(one, mine)]
    if elsewhere:
        contacts.join_threads(mine.instance.client, [mine.pk, *elsewhere])
        message.refresh_from_db(fields=["conversation"])
        others = others.all()
    return next((one for one in others if one.conversation_id == message.conversation_id), None)


def _shows_an_alias(echo: Message, mine: Conversation) -> bool:
    direct = {echo.conversation.kind, mine.kind} == {ChatKind.DIRECT}
    return direct and echo.conversation_id != mine.pk and echo.direction == Message.Direction.OUTBOUND


def is_a_send(message: Message) -> bool:
    return message.outbox.filter(action=OutboxItem.Action.MESSAGE).exists()


def _give(message: Message, provider_id: str) -> None:
    message.provider_message_id = provider_id
    rank = Message.STATUS_RANK
    was = Q(status__in=[status for status in rank if rank[status] < rank[MessageStatus.SENT]])
    Message.objects.filter(pk=message.pk).update(
        provider_message_id=provider_id,
        status=Case(When(was, then=Value(MessageStatus.SENT.value)), default=F("status")),
        error=Case(When(was, then=Value("")), default=F("error")),
    )
    if message.status == MessageStatus.FAILED:
        # Sent after all: that it failed is true only if the provider says so.
        _read_statuses_anew(message)
    else:
        changes.adopt_statuses([message])
    _read_again_what_waited(message)


def _read_again_what_waited(message: Message) -> None:
    """Reactions, edits and deletions that came before we knew the id."""
    waiting = WaitingChange.objects.filter(
        instance=message.conversation.instance_id, provider_message_id=message.provider_message_id
    )
    events = list(waiting.values_list("event", flat=True))
    if events:
        WebhookEvent.objects.filter(pk__in=events, lease_until=None).update(
            state=WebhookEvent.State.PENDING, attempts=0
        )
        waiting.delete()


def _absorb(message: Message, echo: Message, now: datetime) -> None:
    """The echo came first and was kept as a message of its own."""
    contacts.unite(message, echo)
    tell_message(echo, now, Action.DELETED)
    counting.take_back(echo, now=now)
    unneeded = echo.media_id
    echo.delete()
    if unneeded:
        rows = MediaFile.objects.filter(pk=unneeded, lease_until=None)
        rows.exclude(state=MediaFile.State.READY).delete()


def _exchange(message: Message, bearer: Message, now: datetime) -> None:
    """Two messages that say the same were taken for one another."""
    mine, theirs = message.provider_message_id, bearer.provider_message_id
    Message.objects.filter(pk=bearer.pk).update(provider_message_id=None)
    for row, provider_id in ((message, theirs), (bearer, mine)):
        Message.objects.filter(pk=row.pk).update(provider_message_id=provider_id)
        row.provider_message_id = provider_id
        _read_statuses_anew(row)
    tell_message(bearer, now)


def _give_up(message: Message, given: str, provider_id: str, now: datetime) -> None:
    """The echo that was taken for ours was somebody's who sent the same: it is theirs again."""
    Message.objects.filter(pk=message.pk).update(provider_message_id=provider_id)
    message.provider_message_id = provider_id
    _read_statuses_anew(message)
    twin = Message.objects.create(
        conversation=message.conversation,
        provider_message_id=given,
        direction=Message.Direction.OUTBOUND,
        type=message.type,
        text=message.text,
        payload=message.payload,
        sent_at=message.sent_at,
        received_at=now,
        status=MessageStatus.SENT,
        media=_copy(message, now),
    )
    _read_statuses_anew(twin)
    counting.count([twin], now=now)
    tell_message(twin, now, Action.CREATED)


def _copy(message: Message, now: datetime) -> MediaFile | None:
    if message.media is None:
        return None
    conversation = message.conversation
    return copy_of(message.media, instance=conversation.instance, chat_id=conversation.chat_id, now=now)


def _read_statuses_anew(message: Message) -> None:
    """From nothing but what was told of the id that it bears now."""
    never = dict.fromkeys(changes.TIME_OF.values())
    Message.objects.filter(pk=message.pk).update(status=MessageStatus.SENT, error="", **never)
    told = StatusChange.objects.filter(
        instance=message.conversation.instance_id, provider_message_id=message.provider_message_id
    )
    told.update(message=message)
    changes.apply_statuses((message, row) for row in told)
    follow(Message.objects.filter(pk=message.pk))
