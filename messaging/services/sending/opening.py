"""A conversation with somebody who has not written yet."""

from datetime import datetime

from django.db import IntegrityError

from accounts import audit, feed
from accounts.feed import Action
from accounts.models import WhatsappInstance
from accounts.providers.events import Chat, ChatKind, Party
from accounts.providers.wire import clean_text
from messaging.models import Conversation
from messaging.services.contacts import People
from messaging.services.sending.checking import check_switched_on
from messaging.services.sending.drafting import LONGEST_NAME, digits_of
from messaging.services.telling import tell_conversation
from messaging.services.threads import Threads


def open_conversation(
    instance: WhatsappInstance, *, phone: str, name: str = "", now: datetime
) -> Conversation:
    """The thread with this phone, found or made, and its contact too."""
    check_switched_on(instance)
    party = Party(phone=digits_of(phone), name=clean_text(name).strip()[:LONGEST_NAME])
    try:
        return _open(instance, party, now)
    except IntegrityError:
        # Somebody else opened the same one meanwhile.
        return _open(instance, party, now)


def _open(instance: WhatsappInstance, party: Party, now: datetime) -> Conversation:
    chat = Chat(id=party.phone, kind=ChatKind.DIRECT, contact=party)
    with feed.collecting():
        people = People(instance.client, [party])
        threads = Threads(people)
        threads.read([(instance, chat)])
        before = Conversation.objects.filter(instance=instance, contact=people.find(party)).exists()
        conversation = threads.find(instance, chat)
        if not before:
            tell_conversation(conversation, now, Action.CREATED)
            audit.note(audit.Action.CONVERSATION_STARTED, conversation, at=now)
    return conversation
