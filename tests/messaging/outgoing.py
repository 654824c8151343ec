"""Conversations that somebody answers from here, and what waits to leave in them."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import WhatsappInstance
from accounts.providers.events import MessageType
from accounts.services import provider_for
from media.models import MediaFile
from messaging.models import Contact, ContactAlias, Conversation, Message, OutboxItem
from messaging.services import sending
from messaging.services.sending import Draft, NotSendable
from messaging.services.sending.errands import Answer, Errand
from messaging.services.sending.recording import record
from messaging.services.sending.sender import Sender
from tests.simulator.server import Simulator
from tests.simulator.world import Line, Person, World
from tests.telling import ANA, composer
from tests.tenants import PICTURE, make_ready

BY_PHONE = Person("Ana", ANA.phone)


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


def deliver(now: datetime | None = None) -> None:
    """What a worker does for the outbox until nothing of it is due."""
    sender = Sender(threads=2)
    try:
        while sender.top_up(now or timezone.now()) or sender.under_way:
            sender.collect(now or timezone.now(), wait=1)
    finally:
        sender.close()


def claimed(item: OutboxItem | None = None) -> OutboxItem:
    """A worker took it and was killed while it asked: nobody renews its lease."""
    long_ago = timezone.now() - timedelta(minutes=2)
    rows = OutboxItem.objects.filter(pk=item.pk) if item else OutboxItem.objects.all()
    rows.update(
        state="sending", lease_token=uuid.uuid4(), lease_until=long_ago, attempts=1, asked_at=long_ago
    )
    Message.objects.filter(status="queued").update(status="sending")
    return rows.select_related("message").get()


def under_way(item: OutboxItem | None = None) -> OutboxItem:
    """A worker asks right now."""
    rows = OutboxItem.objects.filter(pk=item.pk) if item else OutboxItem.objects.all()
    soon = timezone.now() + timedelta(minutes=1)
    rows.update(
        state="sending", lease_token=uuid.uuid4(), lease_until=soon, attempts=1, asked_at=timezone.now()
    )
    Message.objects.filter(status="queued").update(status="sending")
    return rows.select_related("message").get()


SEND_POINTS = ("send-text", "messages")


@pytest.fixture
def no_pace(settings: Settings) -> None:
    settings.WAPI_SEND_SECONDS = 0


@pytest.fixture
def chat(sim: Simulator, instance: WhatsappInstance) -> Conversation:
    line_at(sim, instance)
    return talk_with(instance)


def line_at(sim: Simulator, instance: WhatsappInstance) -> Line:
    return composer(sim.world, instance).line


def trouble(sim: Simulator, **facts: Any) -> None:
    for point in SEND_POINTS:
        sim.world.fault(point, **facts)


def texts(sim: Simulator, to: str = "") -> list[str]:
    """What arrived at the providers, in the order of its arrival."""
    arrived = [one for one in sim.world.sent if to in one.to]
    return [str(one.body.get("message") or one.body["text"]["body"]) for one in arrived]


def queue(conversation: Conversation, draft: Draft, **facts: str) -> Message:
    return sending.send(conversation, draft, by=None, now=timezone.now(), **facts)[0]


def later(**passed: float) -> None:
    deliver(timezone.now() + timedelta(**passed))


def outbound() -> list[tuple[str | None, str]]:
    rows = Message.objects.filter(direction="outbound").order_by("id")
    return [(row.provider_message_id, row.status) for row in rows]


def echo(world: World, instance: WhatsappInstance, text: str = "bom dia", **frame: Any) -> Any:
    """What W-API shows of what left the line; ``from_api=None`` where it does not say who sent it."""
    talk, told = composer(world, instance), frame.pop("from_api", True)
    body = talk.text(BY_PHONE, text, from_me=True, **frame)
    assert isinstance(body, dict)
    if told is None:
        del body["fromApi"]
        return body
    return body | {"fromApi": told}


def answered(item: OutboxItem, provider_id: str) -> None:
    """The worker that asked hears of it now."""
    found = Answer(errand=Errand(item, provider_for(item.instance)), provider_id=provider_id)
    record(found, item.lease_token or uuid.uuid4(), timezone.now())


def refusal(conversation: Conversation, draft: Draft) -> tuple[str, str]:
    with pytest.raises(NotSendable) as refused:
        queue(conversation, draft)
    assert (Message.objects.filter(direction="outbound").count(), OutboxItem.objects.count()) == (0, 0)
    return refused.value.code, refused.value.field
