"""Conversations that somebody answers from here, and what waits to leave in them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.providers.events import MessageType
from media.models import MediaFile
from messaging.models import Contact, ContactAlias, Conversation, Message, OutboxItem
from messaging.services import sending
from messaging.services.sending import Draft
from tests.simulator.world import Line, Person
from tests.telling import ANA
from tests.tenants import PICTURE, make_ready

NOW = timezone.now()


def talk_with(instance: WhatsappInstance, who: Person = ANA, **facts: Any) -> Conversation:
    """Somebody wrote an hour ago, so that Meta's window is open."""
    contact = Contact.objects.create(client=instance.client, name=who.name)
    ContactAlias.objects.create(client=instance.client, contact=contact, kind="phone", value=who.phone)
    wrote = {"last_inbound_at": timezone.now() - timedelta(hours=1)}
    return Conversation.objects.create(instance=instance, contact=contact, chat_id=who.phone, **wrote | facts)


def say(conversation: Conversation, text: str = "bom dia", **facts: Any) -> Message:
    draft = Draft(type=MessageType.TEXT, text=text, **facts)
    return sending.send(conversation, draft, by=None, now=timezone.now())[0]


def picture(conversation: Conversation, content: bytes = PICTURE, **facts: Any) -> MediaFile:
    return make_ready(conversation.instance, content, media_key="", **facts)


def said_by_them(conversation: Conversation, **facts: Any) -> Message:
    facts = {"direction": "inbound", "type": "text", "text": "oi", "sender": conversation.contact} | facts
    facts.setdefault("provider_message_id", f"IN{Message.objects.count()}")
    return Message.objects.create(conversation=conversation, **facts)


def said_by_us(conversation: Conversation, **facts: Any) -> Message:
    facts = {"direction": "outbound", "status": "sent", "sender": None} | facts
    return said_by_them(conversation, **facts)


def the_item() -> OutboxItem:
    return OutboxItem.objects.select_related("message").get()


def line_of(instance: WhatsappInstance, **facts: Any) -> Line:
    """The same line as the simulator knows it; it tells nobody what becomes of messages."""
    return Line(
        instance.provider, instance.instance_id, instance.token, "5511900001111",
        app_secret=instance.app_secret, **facts,
    )  # fmt: skip
