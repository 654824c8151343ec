"""What a provider says of a send late, by another name of the other side, or after somebody decided."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Usage, User
from accounts.providers.events import MessageType
from accounts.services import provider_for
from messaging.models import Conversation, Message, OutboxItem, StatusChange
from messaging.services import sending
from messaging.services.changes import apply_statuses
from messaging.services.sending import Draft, NotSendable
from messaging.services.sending.errands import Answer, Errand
from messaging.services.sending.recording import record
from messaging.services.sending.settling import FAILED_LATER
from tests.messaging.outgoing import claimed, no_pace, outbound, say, talk_with, the_item, under_way  # noqa: F401
from tests.simulator.world import Person, World
from tests.telling import ANA, composer, make_cloud, make_wapi, process, store, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pace")]

BY_PHONE, BY_LID = Person("Ana", ANA.phone), Person("", ANA.lid, ANA.lid)


def answer(item: OutboxItem, provider_id: str = "E1") -> None:
    found = Answer(errand=Errand(item, provider_for(item.instance)), provider_id=provider_id)
    assert item.lease_token
    record(found, item.lease_token, timezone.now())


def echo(world: World, chat: Conversation, who: Person) -> Any:
    return composer(world, chat.instance).text(who, "bom dia", from_me=True, message_id="E1")


def said_not_to_be_sent(item: OutboxItem) -> OutboxItem:
    OutboxItem.objects.update(state="unknown")
    Message.objects.update(status="unknown")
    sending.settle(the_item(), was_sent=False, now=timezone.now())
    return item


def test_what_somebody_believed_lost_was_sent_when_its_status_says_so(world: World) -> None:
    cloud = make_cloud()
    say(talk_with(cloud))
    item = said_not_to_be_sent(claimed())
    tell(cloud, composer(world, cloud).status(BY_PHONE, "E1", "sent", tag=str(item.tag)))
    message = Message.objects.get()
    assert (outbound(), message.error, message.failed_at) == ([("E1", "sent")], "", None)


def test_what_somebody_believed_lost_was_sent_when_its_answer_says_so() -> None:
    say(talk_with(make_wapi()))
    answer(said_not_to_be_sent(claimed()))
    assert (outbound(), the_item().state) == ([("E1", "sent")], "sent")


def test_what_the_provider_says_has_failed_stays_so(world: World) -> None:
    cloud = make_cloud()
    say(talk_with(cloud))
    item = said_not_to_be_sent(claimed())
    tell(cloud, composer(world, cloud).status(BY_PHONE, "E1", "failed"))
    answer(item)
    assert (outbound(), the_item().state) == ([("E1", "failed")], "failed")
    assert the_item().settled_at == Message.objects.get().failed_at


def test_the_answer_to_a_send_that_was_deleted_is_dropped() -> None:
    say(talk_with(make_wapi()))
    item = under_way()
    Conversation.objects.all().delete()
    answer(item)
    assert outbound() == []


@pytest.mark.parametrize("from_api", [True, None])
def test_the_same_text_a_day_later_is_ours_only_if_the_provider_says_so(
    from_api: bool | None, world: World
) -> None:
    chat = talk_with(make_wapi())
    say(chat)
    claimed()
    yesterday = timezone.now() - timedelta(days=1)
    OutboxItem.objects.update(state="unknown", lease_token=None, lease_until=None, asked_at=yesterday)
    body = echo(world, chat, BY_PHONE) | {"fromApi": from_api}
    if from_api is None:
        del body["fromApi"]
    tell(chat.instance, body)
    assert the_item().state == ("sent" if from_api else "unknown")
    assert len(outbound()) == (1 if from_api else 2)


@pytest.mark.parametrize("echo_first", [True, False])
def test_an_echo_by_an_unknown_alias_is_the_same_message_to_the_same_person(
    echo_first: bool, world: World
) -> None:
    chat, somebody = talk_with(make_wapi()), User.objects.create(username="alice")
    draft = Draft(type=MessageType.TEXT, text="bom dia")
    sending.send(chat, draft, by=somebody, now=timezone.now())
    item = under_way()
    acts = [lambda: tell(chat.instance, echo(world, chat, BY_LID)), lambda: answer(item)]
    for act in acts if echo_first else reversed(acts):
        act()
    assert (outbound(), Message.objects.get().sent_by) == ([("E1", "sent")], somebody)
    assert (Conversation.objects.get().contact.aliases.count(), Usage.objects.get().outbound) == (2, 1)


def test_another_line_s_message_of_the_same_id_joins_nobody(world: World) -> None:
    chat, other = talk_with(make_wapi()), make_wapi(instance_id="LITE-XX12CD-EF34GH")
    say(chat)
    answer(under_way())
    tell(other, echo(world, talk_with(other, Person("Beto", "5511900003333")), BY_LID))
    assert Conversation.objects.exclude(contact=chat.contact).count() == 2


@pytest.mark.django_db(transaction=True)
def test_to_a_conversation_that_is_part_of_another_one_by_now_nothing_is_queued() -> None:
    chat = talk_with(make_wapi())
    stale = Conversation.objects.select_related("instance__client").get()
    chat.delete()
    with pytest.raises(Conversation.DoesNotExist):
        say(stale)
    assert OutboxItem.objects.count() == 0


@pytest.fixture
def meta() -> Conversation:
    return talk_with(make_cloud())


def told_failed(world: World, chat: Conversation, provider_id: str = "E1", tag: str = "") -> None:
    tell(chat.instance, composer(world, chat.instance).status(BY_PHONE, provider_id, "failed", tag=tag))


@pytest.mark.parametrize("tagged", [True, False], ids=["with our tag", "without"])
@pytest.mark.parametrize("early", [True, False], ids=["before the answer", "after it"])
def test_a_send_that_the_provider_took_and_failed_is_in_the_outbox_as_failed(
    early: bool, tagged: bool, world: World, meta: Conversation
) -> None:
    say(meta)
    item = under_way()
    acts = [lambda: answer(item), lambda: told_failed(world, meta, tag=str(item.tag) if tagged else "")]
    for act in reversed(acts) if early else acts:
        act()
    assert (outbound(), the_item().state) == ([("E1", "failed")], "failed")
    assert the_item().error.startswith("131047: ")
    assert the_item().settled_at == Message.objects.get().failed_at


def test_many_that_failed_late_are_written_down_together(
    world: World, meta: Conversation, django_assert_max_num_queries: Any
) -> None:
    talk = composer(world, meta.instance)
    for number in range(20):
        answer(under_way(say(meta).outbox.get()), f"E{number}")
        store(meta.instance, talk.status(BY_PHONE, f"E{number}", "failed"))
    with django_assert_max_num_queries(30):
        process()
    assert OutboxItem.objects.filter(state="failed", error__startswith="131047: ").count() == 20


def test_what_failed_late_goes_out_once_more_and_old_words_of_it_are_not_heard(
    world: World, meta: Conversation
) -> None:
    say(meta)
    item = under_way()
    answer(item)
    told_failed(world, meta, tag=str(item.tag))
    sending.send_again(the_item(), now=timezone.now())
    told_failed(world, meta, tag=str(item.tag))
    answer(item)
    assert (outbound(), the_item().state) == ([(None, "queued")], "pending")
    answer(under_way(), "E2")
    assert (outbound(), the_item().state) == ([("E2", "sent")], "sent")


def test_the_echo_of_what_failed_and_was_sent_again_is_no_message_of_its_own(world: World) -> None:
    chat = talk_with(make_wapi())
    say(chat)
    answer(under_way())
    tell(chat.instance, composer(world, chat.instance).status(BY_PHONE, "E1", "failed"))
    assert the_item().error == FAILED_LATER
    sending.send_again(the_item(), now=timezone.now())
    tell(chat.instance, echo(world, chat, BY_PHONE) | {"fromApi": True})
    assert outbound() == [(None, "queued")]


def test_a_status_that_was_under_way_when_somebody_sent_again_is_not_heard(
    world: World, meta: Conversation
) -> None:
    say(meta)
    answer(under_way())
    told_failed(world, meta)
    read_before = Message.objects.get()
    sending.send_again(the_item(), now=timezone.now())
    assert apply_statuses([(read_before, StatusChange.objects.get())]) == []
    assert outbound() == [(None, "queued")]


@pytest.mark.parametrize(
    "fact", [{"revoked_at": timezone.now()}, {"removal": "file"}], ids=["deleted", "without its file"]
)
def test_what_is_not_whole_any_more_does_not_go_out_again(
    fact: dict[str, Any], world: World, meta: Conversation
) -> None:
    say(meta)
    answer(under_way())
    told_failed(world, meta)
    Message.objects.update(**fact)
    with pytest.raises(NotSendable):
        sending.send_again(the_item(), now=timezone.now())
    assert (outbound(), the_item().state) == ([("E1", "failed")], "failed")


@pytest.mark.parametrize("told_next", [True, False], ids=["exchanged", "given up"])
def test_what_failed_was_somebody_else_s_when_the_answer_says_so(told_next: bool, world: World) -> None:
    chat = talk_with(make_wapi())
    items = [under_way(say(chat).outbox.get()) for _ in range(1 + told_next)]
    for number in range(1 + told_next):
        tell(chat.instance, echo(world, chat, BY_PHONE) | {"fromApi": True, "messageId": f"E{1 + number}"})
    tell(chat.instance, composer(world, chat.instance).status(BY_PHONE, "E1", "failed"))
    answer(items[0], "E2")
    states = dict(OutboxItem.objects.values_list("message__provider_message_id", "state"))
    assert states == {"E2": "sent"} | ({"E1": "failed"} if told_next else {})


@pytest.mark.parametrize("words", [("delivered", "failed"), ("failed", "delivered")])
def test_what_arrived_has_not_failed(words: tuple[str, str], world: World, meta: Conversation) -> None:
    say(meta)
    answer(under_way())
    for word in words:
        tell(meta.instance, composer(world, meta.instance).status(BY_PHONE, "E1", word))
    assert (outbound(), the_item().state, the_item().error) == ([("E1", "delivered")], "sent", "")
