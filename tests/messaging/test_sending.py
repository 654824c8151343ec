import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.models import Change, User, WhatsappInstance
from accounts.providers.events import MessageType
from messaging.models import Conversation, Message, OutboxItem
from messaging.services import sending
from messaging.services.sending import Draft, NotSendable, Template, Window, window_of
from tests.messaging.outgoing import queue, refusal, said_by_them, say, talk_with, the_item
from tests.simulator.world import Person
from tests.telling import ANA, make_cloud, make_wapi

pytestmark = pytest.mark.django_db

TEXT = MessageType.TEXT


def test_a_text_is_queued_as_a_message_at_once(instance: WhatsappInstance) -> None:
    conversation, somebody, now = talk_with(instance), User.objects.create(username="alice"), timezone.now()
    draft = Draft(type=TEXT, text="bom dia")
    message, replayed = sending.send(conversation, draft, by=somebody, now=now)
    message.refresh_from_db()
    assert (replayed, message.status, message.provider_message_id) == (False, "queued", None)
    assert (message.direction, message.type, message.text) == ("outbound", "text", "bom dia")
    assert (message.sent_by, message.sender, message.sent_at, message.received_at) == (
        somebody,
        None,
        now,
        now,
    )
    item = the_item()
    assert (item.message, item.conversation, item.instance) == (message, conversation, instance)
    assert (item.action, item.state, item.next_attempt_at) == ("message", "pending", now)
    assert (item.created_by, item.created_at, item.asked_at) == (somebody, now, None)


def test_the_conversation_moves_up_and_the_feed_is_told(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    message = say(conversation)
    conversation.refresh_from_db()
    assert conversation.last_message_at == message.sent_at
    told = [(row.type, row.object_id) for row in Change.objects.all()]
    assert told == [("message.created", message.pk), ("conversation.updated", conversation.pk)]


def test_the_same_key_gives_the_same_message(instance: WhatsappInstance) -> None:
    conversation, draft = talk_with(instance), Draft(type=TEXT, text="bom dia")
    first = sending.send(conversation, draft, by=None, key="k-1", now=timezone.now())
    again = sending.send(conversation, draft, by=None, key="k-1", now=timezone.now())
    assert (again, first[1]) == ((first[0], True), False)
    assert (Message.objects.count(), OutboxItem.objects.count()) == (1, 1)


def test_a_key_is_not_taken_for_another_message(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    queue(conversation, Draft(type=TEXT, text="bom dia"), key="k-1")
    with pytest.raises(NotSendable) as refused:
        queue(conversation, Draft(type=TEXT, text="boa noite"), key="k-1")
    assert (refused.value.code, refused.value.field) == ("key_reused", "idempotency_key")


def test_two_lines_may_use_the_same_key() -> None:
    for instance in (make_wapi(), make_cloud()):
        person = Person("Ana", f"551190000{instance.pk:04d}")
        queue(talk_with(instance, person), Draft(type=TEXT, text="bom dia"), key="k-1")
    assert Message.objects.count() == 2


def test_a_key_stays_known_when_the_line_is_switched_off(instance: WhatsappInstance) -> None:
    conversation, draft = talk_with(instance), Draft(type=TEXT, text="bom dia")
    message = queue(conversation, draft, key="k-1")
    WhatsappInstance.objects.update(is_active=False)
    conversation = Conversation.objects.get()
    assert sending.send(conversation, draft, by=None, key="k-1", now=timezone.now()) == (message, True)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_make_one_message() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    conversation, draft = talk_with(make_wapi()), Draft(type=TEXT, text="bom dia")
    start, found = threading.Barrier(4), []

    def run() -> None:
        start.wait(60)
        found.append(sending.send(conversation, draft, by=None, key="k-1", now=timezone.now()))
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({message.pk for message, _ in found}) == 1
    assert sorted(replayed for _, replayed in found) == [False, True, True, True]


def test_a_line_that_is_off_takes_nothing(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    conversation.instance.is_active = False
    assert refusal(conversation, Draft(type=TEXT, text="bom dia")) == ("line_off", "")


def test_outside_the_window_only_a_template_goes() -> None:
    long_ago = timezone.now() - timedelta(hours=25)
    conversation = talk_with(make_cloud(), last_inbound_at=long_ago)
    assert refusal(conversation, Draft(type=TEXT, text="bom dia")) == ("window_closed", "type")
    greeting = Template(name="ola", language="pt_BR")
    assert queue(conversation, Draft(type=MessageType.TEMPLATE, template=greeting)).status == "queued"


def test_the_window_is_told() -> None:
    now = timezone.now()
    conversation = talk_with(make_cloud(), last_inbound_at=now - timedelta(hours=23))
    assert window_of(conversation, now) == Window(True, now + timedelta(hours=1))
    assert window_of(conversation, now + timedelta(hours=1)) == Window(False, now + timedelta(hours=1))
    conversation.last_inbound_at = None
    assert window_of(conversation, now) == Window(False, None)
    assert window_of(talk_with(make_wapi(), Person("Beto", "5511900003333")), now) is None


def test_a_reply_names_the_provider_s_id_of_what_it_quotes(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    quoted = said_by_them(conversation)
    message = queue(conversation, Draft(type=TEXT, text="sim", reply_to=quoted))
    assert message.reply_to_id == quoted.provider_message_id


def test_nothing_of_another_conversation_is_quoted(instance: WhatsappInstance) -> None:
    quoted = said_by_them(talk_with(instance, Person("Beto", "5511900003333")))
    draft = Draft(type=TEXT, text="sim", reply_to=quoted)
    assert refusal(talk_with(instance), draft) == ("reply_unknown", "reply_to")


def test_what_has_not_been_sent_cannot_be_quoted(instance: WhatsappInstance) -> None:
    conversation = talk_with(instance)
    quoted = said_by_them(conversation, provider_message_id=None)
    assert refusal(conversation, Draft(type=TEXT, text="sim", reply_to=quoted)) == (
        "not_sent_yet",
        "reply_to",
    )


def test_a_key_has_its_length(instance: WhatsappInstance) -> None:
    with pytest.raises(NotSendable, match="200"):
        queue(talk_with(instance), Draft(type=TEXT, text="bom dia"), key="k" * 201)


def test_a_conversation_is_opened_with_its_contact(instance: WhatsappInstance) -> None:
    now = timezone.now()
    conversation = sending.open_conversation(instance, phone="+55 11 90000-2222", name="Ana", now=now)
    conversation.refresh_from_db()
    assert (conversation.chat_id, conversation.kind, conversation.status) == (ANA.phone, "direct", "open")
    assert conversation.contact
    assert conversation.contact.name == "Ana"
    told = Change.objects.get()
    assert (told.type, told.object_id) == ("conversation.created", conversation.pk)


def test_a_known_phone_leads_to_the_known_conversation(instance: WhatsappInstance) -> None:
    known = talk_with(instance, Person("Ana", "5511987654321"))
    found = sending.open_conversation(instance, phone="551187654321", name="Outra", now=timezone.now())
    assert (found, Conversation.objects.count(), Change.objects.count()) == (known, 1, 0)


def test_no_conversation_is_opened_with_what_is_no_phone(instance: WhatsappInstance) -> None:
    with pytest.raises(NotSendable) as refused:
        sending.open_conversation(instance, phone="Ana", now=timezone.now())
    assert (refused.value.code, refused.value.field) == ("no_address", "phone")
