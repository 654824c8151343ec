"""A conversation with somebody who has not written yet, with a first message or without."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError

from accounts import audit, feed
from accounts.feed import Action
from accounts.models import User, WhatsappInstance
from accounts.providers.events import Chat, ChatKind, Party
from accounts.providers.wire import clean_text
from messaging.models import Conversation, Message
from messaging.services.contacts import People
from messaging.services.sending.checking import check_switched_on
from messaging.services.sending.drafting import LONGEST_NAME, Draft, digits_of
from messaging.services.sending.queueing import known_or_sendable, queue
from messaging.services.telling import tell_conversation
from messaging.services.threads import Threads


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstMessage:
    phone: str
    draft: Draft
    name: str = ""


def open_conversation(
    instance: WhatsappInstance, *, phone: str, name: str = "", now: datetime
) -> Conversation:
    """The thread with this phone, found or made, and its contact too."""
    party = _party(instance, phone, name)
    try:
        return _open(instance, party, now)
    except IntegrityError:
        # Somebody else opened the same one meanwhile.
        return _open(instance, party, now)


def write_first(
    instance: WhatsappInstance, wish: FirstMessage, *, by: User | None, key: str = "", now: datetime
) -> Message:
    """The message and its conversation, or neither: what cannot be sent leaves no empty thread."""
    party = _party(instance, wish.phone, wish.name)
    try:
        return _write(instance, party, wish.draft, by=by, key=key, now=now)
    except IntegrityError:
        # The same was asked for twice at once, or somebody else opened the same one meanwhile.
        return _write(instance, party, wish.draft, by=by, key=key, now=now)


@feed.collecting()
def _write(
    instance: WhatsappInstance, party: Party, draft: Draft, *, by: User | None, key: str, now: datetime
) -> Message:
    conversation = _open(instance, party, now)
    known = known_or_sendable(conversation, draft, key=key, now=now)
    return known or queue(conversation, draft, by=by, key=key, now=now)


def _party(instance: WhatsappInstance, phone: str, name: str) -> Party:
    check_switched_on(instance)
    return Party(phone=digits_of(phone), name=clean_text(name).strip()[:LONGEST_NAME])


def _open(instance: WhatsappInstance, party: Party, now: datetime) -> Conversation:
    chat = Chat(id=party.phone, kind=ChatKind.DIRECT, contact=party)
    with feed.collecting():
        threads = Threads(People(instance.client, [party]))
        threads.read([(instance, chat)])
        conversation = threads.find(instance, chat)
        if threads.touched():
            tell_conversation(conversation, now, Action.CREATED)
            audit.note(audit.Action.CONVERSATION_STARTED, conversation, at=now)
    return conversation
