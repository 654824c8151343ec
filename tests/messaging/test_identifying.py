"""Whose id it is that a provider tells: by its answer, by an echo, by our tag, in whatever order they come."""

import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.models import Usage, WhatsappInstance
from accounts.services import provider_for
from messaging.models import Conversation, Message, OutboxItem, WebhookEvent
from messaging.services.sending.errands import Answer, Errand
from messaging.services.sending.recording import record
from messaging.services.sending.sender import Sender
from tests.messaging.outgoing import (
    BY_PHONE,
    answered,
    claimed,
    deliver,
    echo,
    no_pace,  # noqa: F401
    outbound,
    say,
    talk_with,
    the_item,
    under_way,
)
from tests.simulator.world import World
from tests.telling import composer, make_cloud, make_wapi, process, store, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pace")]


@pytest.fixture
def wapi(db: None) -> WhatsappInstance:
    return make_wapi()


@pytest.fixture
def chat(wapi: WhatsappInstance) -> Conversation:
    return talk_with(wapi)


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
