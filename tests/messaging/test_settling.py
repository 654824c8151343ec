"""Sends that nobody answered: what the provider shows afterwards, and what a person says."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Usage, WhatsappInstance
from accounts.providers.events import MessageType
from messaging.models import Conversation, Message, OutboxItem
from messaging.services import sending
from messaging.services.sending import Draft
from tests.messaging.outgoing import (
    BY_PHONE,
    answered,
    claimed,
    echo,
    no_pace,  # noqa: F401
    outbound,
    picture,
    say,
    talk_with,
    the_item,
    under_way,
)
from tests.simulator.world import Person, World
from tests.telling import ANA, BETO, composer, make_cloud, make_wapi, tell
from tests.tenants import PICTURE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pace")]

State = OutboxItem.State
ALLOWED = {
    *(("pending", target) for target in ("sending", "sent", "failed", "cancelled")),
    *(("sending", target) for target in ("sent", "pending", "unknown", "failed")),
    *(("unknown", target) for target in ("sent", "pending", "failed")),
    *(("failed", target) for target in ("pending", "sent")),
    ("sent", "failed"),
}


@pytest.fixture
def wapi(db: None) -> WhatsappInstance:
    return make_wapi()


@pytest.fixture
def chat(wapi: WhatsappInstance) -> Conversation:
    return talk_with(wapi)


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
