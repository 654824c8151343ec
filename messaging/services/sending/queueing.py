"""A draft becomes a message that waits to leave, in one transaction, once for each idempotency key."""

import uuid
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from accounts import audit, feed
from accounts.feed import Action
from accounts.models import User
from accounts.providers.events import MediaKind, MessageStatus
from accounts.providers.wire import clean_text
from media.models import MediaFile
from media.services.uploads import NotStorable, copy_of
from messaging.models import Conversation, Message, OutboxItem
from messaging.services.counting import count
from messaging.services.sending.checking import check
from messaging.services.sending.drafting import Draft, NotSendable, content_of, fingerprint
from messaging.services.telling import tell_conversation, tell_message
from messaging.services.waking import wake_workers

LONGEST_KEY = 200
# Receipts follow from reading, which is noted as such.
NOTED = {
    OutboxItem.Action.MESSAGE: audit.Action.MESSAGE_SENT,
    OutboxItem.Action.REACTION: audit.Action.MESSAGE_REACTED,
    OutboxItem.Action.EDIT: audit.Action.MESSAGE_EDITED,
    OutboxItem.Action.DELETE: audit.Action.MESSAGE_DELETED,
}


def send(
    conversation: Conversation, draft: Draft, *, by: User | None, key: str = "", now: datetime
) -> tuple[Message, bool]:
    """The message as it waits to be sent; True if ``key`` was known, so that nothing new happened."""
    known = known_or_sendable(conversation, draft, key=key, now=now)
    if known:
        return known, True
    try:
        return queue(conversation, draft, by=by, key=key, now=now), False
    except IntegrityError:
        # The conversation may have become part of another one, and that is the end of it.
        Conversation.objects.only("pk").get(pk=conversation.pk)
        # Somebody else used the key, or sent the same file, between our look and our row.
        known = _known(conversation, draft, key)
        return known or queue(conversation, draft, by=by, key=key, now=now), known is not None


def known_or_sendable(conversation: Conversation, draft: Draft, *, key: str, now: datetime) -> Message | None:
    """What this key has sent before; where it has not, the draft may be sent, or NotSendable says why not."""
    _check_key(key)
    known = _known(conversation, draft, key)
    if known is None:
        check(conversation, draft, now)
    return known


def _check_key(key: str) -> None:
    if len(key) > LONGEST_KEY:
        detail = _("A key has %(most)d characters at most.") % {"most": LONGEST_KEY}
        raise NotSendable("too_long", detail, "idempotency_key")
    if clean_text(key) != key:
        raise NotSendable("wrong_type", _("A key is plain text."), "idempotency_key")


def _known(conversation: Conversation, draft: Draft, key: str) -> Message | None:
    if not key:
        return None
    rows = OutboxItem.objects.filter(instance=conversation.instance_id, idempotency_key=key)
    item: OutboxItem | None = rows.select_related("message__conversation__instance", "message__media").first()
    if item is None:
        return None
    if item.fingerprint != fingerprint(conversation, draft):
        detail = _("This key was used for another message.")
        raise NotSendable("key_reused", detail, "idempotency_key")
    return item.message


@feed.collecting()
def queue(conversation: Conversation, draft: Draft, *, by: User | None, key: str, now: datetime) -> Message:
    text, payload = content_of(draft)
    message = Message.objects.create(
        conversation=conversation,
        direction=Message.Direction.OUTBOUND,
        sent_by=by,
        type=draft.type,
        text=text,
        payload=payload,
        reply_to_id=str(draft.reply_to.provider_message_id) if draft.reply_to else "",
        sent_at=now,
        received_at=now,
        status=MessageStatus.QUEUED,
        media=_own_copy(draft.media, MediaKind(draft.type), conversation, now) if draft.media else None,
    )
    newest = Greatest(Coalesce("last_message_at", now), now)
    Conversation.objects.filter(pk=conversation.pk).update(last_message_at=newest)
    print_of = fingerprint(conversation, draft) if key else ""
    enqueue(
        message, OutboxItem.Action.MESSAGE, by=by, now=now, idempotency_key=key or None, fingerprint=print_of
    )
    tell_message(message, now, Action.CREATED)
    tell_conversation(conversation, now)
    count([message], now=now)
    return message


def _own_copy(media_file: MediaFile, kind: MediaKind, conversation: Conversation, now: datetime) -> MediaFile:
    """A file belongs to one message at most; a second one gets a row of its own for the same bytes."""
    if media_file.kind == kind and not Message.objects.filter(media=media_file).exists():
        return media_file
    instance, chat_id = conversation.instance, conversation.chat_id
    try:
        return copy_of(media_file, instance=instance, chat_id=chat_id, now=now, kind=kind)
    except NotStorable as exc:
        raise NotSendable("empty", _("This file is not here any more."), "media") from exc


def enqueue(
    message: Message, action: OutboxItem.Action, *, by: User | None, now: datetime, **facts: Any
) -> OutboxItem:
    conversation = message.conversation
    item: OutboxItem = OutboxItem.objects.create(
        instance=conversation.instance,
        conversation=conversation,
        message=message,
        action=action,
        tag=uuid.uuid4(),
        created_by=by,
        created_at=now,
        next_attempt_at=now,
        **facts,
    )
    if by is not None and action in NOTED:
        kind = str(message.type)
        audit.note(NOTED[action], conversation, by=by, at=now, message=message.pk, type=kind)
    transaction.on_commit(wake_workers)
    return item
