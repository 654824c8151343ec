"""Sends that nobody answered: what the provider shows afterwards, and what a person says."""

import threading
import uuid
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Usage, WhatsappInstance
from accounts.providers.events import MessageType
from accounts.services import provider_for
from messaging.models import Conversation, Message, OutboxItem, WebhookEvent
from messaging.services import sending
from messaging.services.sending import Draft
from messaging.services.sending.errands import Answer, Errand
from messaging.services.sending.recording import record
from messaging.services.sending.sender import Sender
from tests.messaging.outgoing import (
    claimed,
    deliver,
    outbound,
    picture,
    say,
    talk_with,
    the_item,
    under_way,
)
from tests.simulator.world import Person, World
from tests.telling import ANA, BETO, composer, make_cloud, make_wapi, process, store, tell
from tests.tenants import PICTURE

pytestmark = pytest.mark.django_db

State = OutboxItem.State
ALLOWED = {
    *(("pending", target) for target in ("sending", "sent", "failed", "cancelled")),
    *(("sending", target) for target in ("sent", "pending", "unknown", "failed")),
    *(("unknown", target) for target in ("sent", "pending", "failed")),
    *(("failed", target) for target in ("pending", "sent")),
}
BY_PHONE = Person("Ana", ANA.phone)


@pytest.fixture(autouse=True)
def no_pace(settings: Settings) -> None:
    settings.WAPI_SEND_SECONDS = 0


@pytest.fixture
def wapi(db: None) -> WhatsappInstance:
    return make_wapi()


@pytest.fixture
def chat(wapi: WhatsappInstance) -> Conversation:
    return talk_with(wapi)


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


@pytest.mark.parametrize(("source", "target"), list(product(State.values, repeat=2)), ids="-".join)
def test_a_send_goes_where_the_table_says_and_nowhere_else(
    source: str, target: str, chat: Conversation
) -> None:
    say(chat)
    OutboxItem.objects.update(state=source)
    moved = OutboxItem.objects.move_to(State(target), error="moved")
    went = (source, target) in ALLOWED
    assert (moved, the_item().state, the_item().error) == ((1, target, "moved") if went else (0, source, ""))


def test_every_state_has_its_line_in_the_table() -> None:
    assert set(OutboxItem.TRANSITIONS) == set(State)


@pytest.mark.parametrize("from_api", [True, None])
@pytest.mark.parametrize("take", [under_way, claimed])
def test_an_echo_settles_what_nobody_answered(
    take: Any, from_api: bool | None, world: World, chat: Conversation
) -> None:
    say(chat)
    take()
    tell(chat.instance, echo(world, chat.instance, message_id="E1", from_api=from_api))
    assert outbound() == [("E1", "sent")]
    assert (the_item().state, the_item().lease_token, the_item().doubt) == ("sent", None, "")
    assert Usage.objects.get().outbound == 1


def test_the_answer_that_comes_after_the_echo_changes_nothing(world: World, chat: Conversation) -> None:
    say(chat)
    item = under_way()
    tell(chat.instance, echo(world, chat.instance, message_id="E1"))
    answered(item, "E1")
    assert (outbound(), the_item().state) == ([("E1", "sent")], "sent")


def test_an_echo_that_repeats_itself_stays_one_message(world: World, chat: Conversation) -> None:
    say(chat)
    under_way()
    body = echo(world, chat.instance, message_id="E1")
    tell(chat.instance, body, body)
    assert outbound() == [("E1", "sent")]


def test_what_was_typed_on_the_phone_is_a_message_of_its_own_beside_ours(
    world: World, chat: Conversation
) -> None:
    say(chat)
    item = under_way()
    tell(chat.instance, echo(world, chat.instance, message_id="P1", from_api=False))
    assert outbound() == [(None, "sending"), ("P1", "sent")]
    answered(item, "E1")
    assert outbound() == [("E1", "sent"), ("P1", "sent")]


def test_another_text_settles_nothing(world: World, chat: Conversation) -> None:
    say(chat)
    under_way()
    tell(chat.instance, echo(world, chat.instance, "boa noite", message_id="E1"))
    assert outbound() == [(None, "sending"), ("E1", "sent")]


def test_an_old_echo_settles_nothing(world: World, chat: Conversation) -> None:
    say(chat)
    under_way()
    hour_ago = (timezone.now() - timedelta(hours=1)).timestamp()
    tell(chat.instance, echo(world, chat.instance, message_id="E1", at=hour_ago))
    assert outbound() == [(None, "sending"), ("E1", "sent")]


def test_what_still_waits_is_not_settled(world: World, chat: Conversation) -> None:
    say(chat)
    tell(chat.instance, echo(world, chat.instance, message_id="E1"))
    assert outbound() == [(None, "queued"), ("E1", "sent")]


def test_a_picture_s_echo_is_known_by_its_bytes(world: World, chat: Conversation) -> None:
    media_file = picture(chat)
    sending.send(chat, Draft(type=MessageType.IMAGE, media=media_file), by=None, now=timezone.now())
    talk = composer(world, chat.instance)
    file = world.bytes_file(talk.line, PICTURE, "image", "image/jpeg")
    media_file.sha256 = file.sha256.hex()
    media_file.save()
    under_way()
    body = talk.media(BY_PHONE, file, from_me=True, message_id="E1")
    assert isinstance(body, dict)
    del body["fromApi"]
    tell(chat.instance, body)
    assert (outbound(), Message.objects.get().media) == ([("E1", "sent")], media_file)


def test_a_picture_that_nobody_says_is_ours_needs_our_bytes(world: World, chat: Conversation) -> None:
    draft = Draft(type=MessageType.IMAGE, media=picture(chat))
    sending.send(chat, draft, by=None, now=timezone.now())
    under_way()
    talk = composer(world, chat.instance)
    file = world.bytes_file(talk.line, b"\xff\xd8\xff another", "image", "image/jpeg")
    body = talk.media(BY_PHONE, file, from_me=True, message_id="E1")
    assert isinstance(body, dict)
    del body["fromApi"]
    tell(chat.instance, body)
    assert outbound() == [(None, "sending"), ("E1", "sent")]


def test_an_echo_taken_for_ours_is_given_back_when_the_answer_says_otherwise(
    world: World, chat: Conversation
) -> None:
    say(chat)
    item = under_way()
    talk = composer(world, chat.instance)
    tell(chat.instance, echo(world, chat.instance, message_id="P1", from_api=None))
    tell(chat.instance, talk.status(BY_PHONE, "P1", "read"))
    assert outbound() == [("P1", "read")]
    tell(chat.instance, talk.status(BY_PHONE, "E1", "delivered"))
    answered(item, "E1")
    assert outbound() == [("E1", "delivered"), ("P1", "read")]
    assert Usage.objects.get().outbound == 2


def test_two_alike_exchange_their_ids_when_the_answer_says_so(world: World, chat: Conversation) -> None:
    say(chat)
    unknown = claimed()
    OutboxItem.objects.filter(pk=unknown.pk).update(state="unknown", lease_token=None, lease_until=None)
    say(chat)
    item = under_way(OutboxItem.objects.latest("id"))
    tell(chat.instance, echo(world, chat.instance, message_id="E1"))
    tell(chat.instance, echo(world, chat.instance, message_id="E2"))
    assert outbound() == [("E2", "sent"), ("E1", "sent")]
    answered(item, "E2")
    assert outbound() == [("E1", "sent"), ("E2", "sent")]


def test_an_echo_that_was_kept_first_becomes_our_message(world: World, chat: Conversation) -> None:
    say(chat)
    talk = composer(world, chat.instance)
    tell(chat.instance, echo(world, chat.instance, message_id="E1"))
    tell(chat.instance, talk.reaction(BY_PHONE, "E1", "👍"), talk.status(BY_PHONE, "E1", "read"))
    answered(under_way(), "E1")
    message = Message.objects.get()
    assert (message.provider_message_id, message.status) == ("E1", "read")
    assert message.reactions.get().emoji == "👍"
    assert Usage.objects.get(kind="text").outbound == 1


def test_a_status_that_overtook_the_answer_counts(world: World, chat: Conversation) -> None:
    say(chat)
    item = under_way()
    tell(chat.instance, composer(world, chat.instance).status(BY_PHONE, "E1", "delivered"))
    answered(item, "E1")
    assert outbound() == [("E1", "delivered")]


def test_a_reaction_that_overtook_the_answer_counts(world: World, chat: Conversation) -> None:
    say(chat)
    item = under_way()
    tell(chat.instance, composer(world, chat.instance).reaction(BY_PHONE, "E1", "👍"))
    answered(item, "E1")
    process()
    assert Message.objects.get().reactions.get().emoji == "👍"


@pytest.mark.parametrize("state", ["sending", "unknown", "pending", "failed"])
def test_a_status_with_our_tag_settles_it(state: str, world: World) -> None:
    cloud = make_cloud()
    say(talk_with(cloud))
    item = claimed()
    OutboxItem.objects.update(state=state)
    talk = composer(world, cloud)
    tell(cloud, talk.status(BY_PHONE, "wamid.1", "delivered", tag=str(item.tag)))
    assert (outbound(), the_item().state) == ([("wamid.1", "delivered")], "sent")


def test_another_line_s_tag_settles_nothing(world: World) -> None:
    cloud, other = make_cloud(), make_cloud(instance_id="800000000000009")
    say(talk_with(cloud))
    item = claimed()
    talk = composer(world, other)
    tell(other, talk.status(BY_PHONE, "wamid.1", "sent", tag=str(item.tag)))
    assert outbound() == [(None, "sending")]


@pytest.mark.parametrize("tag", ["", "x", "{}", "0" * 32])
def test_a_foreign_tag_settles_nothing(tag: str, world: World) -> None:
    cloud = make_cloud()
    say(talk_with(cloud))
    claimed()
    tell(cloud, composer(world, cloud).status(BY_PHONE, "wamid.1", "sent", tag=tag))
    assert outbound() == [(None, "sending")]


def test_a_late_answer_is_still_a_fact(chat: Conversation) -> None:
    say(chat)
    item = claimed()
    deliver()
    assert (the_item().state, the_item().doubt) == ("unknown", "killed")
    answered(item, "E1")
    assert (outbound(), the_item().state) == ([("E1", "sent")], "sent")


def test_a_late_failure_of_what_somebody_else_holds_is_dropped(chat: Conversation) -> None:
    say(chat)
    item = claimed()
    deliver()
    answer = Answer(errand=Errand(item, provider_for(item.instance)), bug="Traceback")
    record(answer, item.lease_token, timezone.now())
    assert (the_item().state, the_item().doubt) == ("unknown", "killed")


def test_a_merged_contact_takes_along_what_waits(world: World, chat: Conversation) -> None:
    """Ana was known by her phone, and as somebody else by her LID; one message shows that they are one."""
    talk = composer(world, chat.instance)
    tell(chat.instance, talk.text(Person("Ana", ANA.lid, ANA.lid), "oi"))
    by_lid = Conversation.objects.exclude(pk=chat.pk).get()
    waiting = say(by_lid, "um momento")
    said_before = say(chat, "bom dia")
    tell(chat.instance, talk.text(ANA, "sou eu"))
    kept = Conversation.objects.get()
    assert set(OutboxItem.objects.values_list("conversation", "message")) == {
        (kept.pk, waiting.pk),
        (kept.pk, said_before.pk),
    }
    assert set(Message.objects.values_list("conversation", flat=True)) == {kept.pk}


def test_the_other_side_s_message_opens_the_window(world: World) -> None:
    cloud = make_cloud()
    tell(cloud, composer(world, cloud).text(BETO, "oi"))
    conversation = Conversation.objects.get()
    window = sending.window_of(conversation, timezone.now())
    assert window
    assert (window.is_open, conversation.last_inbound_at) == (True, Message.objects.get().sent_at)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("said", ["bom dia", "bom dia?"], ids=["known by its text", "not known by its text"])
@pytest.mark.parametrize("turn", range(4))
def test_echo_and_answer_at_once_are_one_message(turn: int, said: str, world: World) -> None:
    """Two workers: one reads the echo while the other writes down the answer."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    chat = talk_with(make_wapi())
    say(chat)
    item, sender = under_way(), Sender(threads=1)
    sender.token = item.lease_token
    sender._answers.append(Answer(errand=Errand(item, provider_for(item.instance)), provider_id="E1"))
    store(chat.instance, echo(world, chat.instance, said, message_id="E1"))
    start = threading.Barrier(2)

    def run(act: Any) -> None:
        start.wait(5)
        act()
        connections.close_all()

    acts = [lambda: sender.collect(timezone.now()), process]
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    WebhookEvent.objects.update(next_attempt_at=timezone.now())
    process()
    assert (outbound(), the_item().state) == ([("E1", "sent")], "sent")
    sender.close()


def test_an_echo_that_is_read_after_the_answer_is_another_message_s(world: World, chat: Conversation) -> None:
    say(chat)
    answered(under_way(), "E1")
    tell(chat.instance, echo(world, chat.instance, message_id="P1", from_api=None))
    assert outbound() == [("E1", "sent"), ("P1", "sent")]
