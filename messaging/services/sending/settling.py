"""How a send ends: by what the provider showed, by what it did not show, or by a person's word."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, feed, metrics
from accounts.providers.events import MessageStatus
from accounts.updating import update_each
from messaging.models import Message, OutboxItem, StatusChange, WebhookEvent
from messaging.services.sending.drafting import NotSendable
from messaging.services.telling import tell_message
from messaging.services.waking import wake_workers

log = structlog.get_logger(__name__)

State = OutboxItem.State
# Forward only, but for what goes out once more.
COMES_FROM: dict[MessageStatus, tuple[MessageStatus, ...]] = {
    MessageStatus.QUEUED: (MessageStatus.SENDING, MessageStatus.UNKNOWN, MessageStatus.FAILED),
    MessageStatus.SENDING: (MessageStatus.QUEUED,),
    MessageStatus.UNKNOWN: (MessageStatus.QUEUED, MessageStatus.SENDING),
    MessageStatus.SENT: (
        MessageStatus.QUEUED,
        MessageStatus.SENDING,
        MessageStatus.UNKNOWN,
        MessageStatus.FAILED,
    ),
    MessageStatus.FAILED: (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN),
}
AFRESH: dict[str, Any] = {"error": "", "doubt": "", "asked_at": None, "settled_at": None}
CANCELLED, NOT_SENT = "cancelled", "somebody saw that it was not sent"
FAILED_LATER = "the provider took it and said later that it failed"
# After this nothing that the provider shows is taken as proof any more.
PROVABLE = timedelta(minutes=15)
HEARD_WITHIN = timedelta(seconds=5)
# For so long at most, what comes after a doubtful one waits until the webhooks have been read that may speak of it.
READ_WITHIN = timedelta(minutes=3)
READ_AGAIN = timedelta(seconds=2)
LOOKED_AT = 20
NOTED = {
    State.PENDING: audit.Action.MESSAGE_SENT_AGAIN,
    State.CANCELLED: audit.Action.MESSAGE_CANCELLED,
    State.SENT: audit.Action.MESSAGE_SETTLED,
    State.FAILED: audit.Action.MESSAGE_SETTLED,
}
NEWEST_EVENTS = 2000
UNREAD = (WebhookEvent.State.PENDING, WebhookEvent.State.FAILED)
REPORTED = (MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.PLAYED)


def send_again(item: OutboxItem, *, now: datetime) -> OutboxItem:
    """Somebody wants it to go once more, also if it may have arrived."""
    _check_is_whole(item)
    fresh = {"attempts": 0, "next_attempt_at": now, **AFRESH}
    with feed.collecting():
        fresh |= _anew(item)
        return _decide(item, State.PENDING, MessageStatus.QUEUED, now, (State.FAILED, State.UNKNOWN), **fresh)


def _check_is_whole(item: OutboxItem) -> None:
    """What the provider took may have been deleted since then, and retention may have taken its file."""
    if item.action != OutboxItem.Action.MESSAGE:
        return
    if item.message.revoked_at:
        raise NotSendable("too_late", _("This message was deleted."))
    if item.message.removal:
        raise NotSendable("empty", _("This file is not here any more."))


def _anew(item: OutboxItem) -> dict[str, Any]:
    """What failed after the provider had taken it: whatever is still said of that send is not about the next one.

    The message is locked before its item, as where statuses are applied.
    """
    refused = Message.objects.filter(pk=item.message_id, status=MessageStatus.FAILED)
    refused = refused.exclude(provider_message_id=None)
    is_message = item.action == OutboxItem.Action.MESSAGE
    return {"tag": uuid.uuid4()} if is_message and refused.update(provider_message_id=None) else {}


def cancel(item: OutboxItem, *, now: datetime) -> OutboxItem:
    facts = {"error": CANCELLED, "settled_at": now}
    return _decide(item, State.CANCELLED, MessageStatus.FAILED, now, (State.PENDING,), **facts)


def settle(item: OutboxItem, *, was_sent: bool, now: datetime) -> OutboxItem:
    """A person looked at the phone."""
    state = State.SENT if was_sent else State.FAILED
    status = MessageStatus.SENT if was_sent else MessageStatus.FAILED
    facts = {"error": "" if was_sent else NOT_SENT, "doubt": "", "settled_at": now}
    return _decide(item, state, status, now, (State.UNKNOWN,), **facts)


def _decide(
    item: OutboxItem,
    state: OutboxItem.State,
    status: MessageStatus,
    now: datetime,
    sources: tuple[OutboxItem.State, ...],
    **facts: Any,
) -> OutboxItem:
    with feed.collecting():
        rows = OutboxItem.objects.filter(pk=item.pk, state__in=sources)
        moved = rows.move_to(state, **facts)
        if moved:
            stand(item, status, now, error=facts["error"])
            audit.note(NOTED[state], item.conversation, at=now, message=item.message_id, what=item.action)
            transaction.on_commit(wake_workers)
    item.refresh_from_db()
    if not moved:
        told = {"state": str(State(item.state).label).lower()}
        raise NotSendable("too_late", _("It is %(state)s by now.") % told)
    log.info("send decided by a person", outbox_item=item.pk, message=item.message_id, state=state.value)
    return item


def stand(item: OutboxItem, status: MessageStatus, now: datetime, *, error: str = "") -> None:
    """Where the message itself stands now; reactions and the like have no such place."""
    if item.action != OutboxItem.Action.MESSAGE:
        return
    rows = Message.objects.filter(pk=item.message_id, status__in=COMES_FROM[status])
    failed_at = now if status == MessageStatus.FAILED else None
    if rows.update(status=status, error=error[:500], failed_at=failed_at):
        tell_message(item.message, now)


def follow(messages: Iterable[Message]) -> None:
    """The provider took them, and says later that they failed, or that what failed arrived after all."""
    told = {message.pk: message for message in messages}
    taken = OutboxItem.objects.filter(
        message__in=told, action=OutboxItem.Action.MESSAGE, state__in=(State.SENT, State.FAILED)
    )
    items = taken.select_related("instance").only("state", "settled_at", "message", "instance__provider")
    news = [(item, _end_of(item, told[item.message_id])) for item in items]
    news = [(item, end) for item, end in news if end["state"] != item.state]
    update_each(OutboxItem, [(end, {"id": item.pk, "state": item.state}) for item, end in news])
    for item, end in news:
        state = end["state"].value
        transaction.on_commit(metrics.sends.labels(item.instance.provider, state).inc)
        facts = {"instance": item.instance_id, "message": item.message_id, "outbox_item": item.pk}
        log.info("send settled by a later status", state=state, **facts)


def _end_of(item: OutboxItem, message: Message) -> dict[str, Any]:
    if message.status == MessageStatus.FAILED:
        error, at = message.error or FAILED_LATER, message.failed_at
        return {"state": State.FAILED, "error": error, "settled_at": at}
    return {"state": State.SENT, "error": "", "settled_at": item.settled_at}


def settle_unproven(now: datetime) -> int:
    """Sends whose worker was killed, and whose time of grace is over without an echo: which of them never left?"""
    doubtful = OutboxItem.objects.filter(
        state=State.UNKNOWN,
        doubt=OutboxItem.Doubt.KILLED,
        next_attempt_at__lte=now,
        asked_at__gt=now - PROVABLE,
    )
    rows = doubtful.select_related("message__conversation__instance").order_by("id")[:LOOKED_AT]
    return sum(_settle_unproven(item, now) for item in rows)


def _settle_unproven(item: OutboxItem, now: datetime) -> int:
    if never_left(item):
        return _send_once_more(item, now)
    is_early = item.asked_at is not None and now < item.asked_at + READ_WITHIN
    if is_early and _unread(item).filter(state=WebhookEvent.State.PENDING).exists():
        doubtful = OutboxItem.objects.filter(pk=item.pk, state=State.UNKNOWN, asked_at=item.asked_at)
        doubtful.update(next_attempt_at=now + READ_AGAIN)
    return 0


def never_left(item: OutboxItem) -> bool:
    """The line reports what leaves it, we heard it all the while, and what it said did not speak of this."""
    return _heard(item) and _reports(item) and not _speaks_of_strangers(item)


def _heard(item: OutboxItem) -> bool:
    """Webhooks came right after the request, so whatever ended the worker did not end those who take them in.

    All that came within the time of grace has been read.
    """
    if item.asked_at is None:
        return False
    said = WebhookEvent.objects.filter(instance=item.instance_id)
    newest = said.order_by("-id").values_list("received_at", flat=True)[:NEWEST_EVENTS]
    soon = item.asked_at + HEARD_WITHIN
    return not _unread(item).exists() and any(item.asked_at < moment <= soon for moment in newest)


def _unread(item: OutboxItem) -> Any:
    said = WebhookEvent.objects.filter(instance=item.instance_id, received_at__lte=item.next_attempt_at)
    return said.filter(state__in=UNREAD)


def _reports(item: OutboxItem) -> bool:
    """Whether statuses of what we sent reach us at all."""
    sent = OutboxItem.objects.filter(instance=item.instance_id, state=State.SENT).order_by("-id")
    newest = sent.values_list("message", flat=True)[:LOOKED_AT]
    return Message.objects.filter(pk__in=list(newest), status__in=REPORTED).exists()


def _speaks_of_strangers(item: OutboxItem) -> bool:
    """Statuses of a message that we do not know may be this one's."""
    unknown = StatusChange.objects.filter(instance=item.instance_id, message=None)
    return unknown.filter(received_at__gte=item.asked_at).exists()


def _send_once_more(item: OutboxItem, now: datetime) -> int:
    with feed.collecting():
        rows = OutboxItem.objects.filter(pk=item.pk, state=State.UNKNOWN, asked_at=item.asked_at)
        moved = rows.move_to(State.PENDING, next_attempt_at=now, **AFRESH)
        if moved:
            stand(item, MessageStatus.QUEUED, now)
            log.info("send never left, goes again", instance=item.instance_id, outbox_item=item.pk)
    return moved
