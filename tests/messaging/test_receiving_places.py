"""Groups, lines and clients: where W-API's messages belong, and what they tell of their line."""

import json
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from accounts.models import WhatsappInstance
from media.models import MediaFile
from messaging.models import (
    Contact,
    Conversation,
    Message,
    WebhookEvent,
)
from tests.loading import payload
from tests.simulator.world import Group, World
from tests.telling import (
    ANA,
    BETO,
    LITE_ID,
    composer,
    make_client,
    make_wapi,
    process,
    replay,
    store,
    tell,
    the_conversation,
    the_message,
)

pytestmark = pytest.mark.django_db

GROUP = Group("120363000000000001@g.us", "Entregas")


def line_of(name: str) -> WhatsappInstance:
    return make_wapi(instance_id=payload("wapi", name)["instanceId"])


def test_group_messages_share_one_conversation_and_keep_their_authors(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.text(ANA, "oi", group=GROUP), talk.text(BETO, "olá", group=GROUP))
    tell(instance, talk.text(ANA, "nossa resposta", group=GROUP, from_me=True))
    conversation = the_conversation()
    assert (conversation.kind, conversation.chat_id, conversation.contact) == ("group", GROUP.id, None)
    senders = [row.sender and row.sender.name for row in Message.objects.order_by("id")]
    assert senders == ["Ana", "Beto", None]


@pytest.mark.parametrize("from_me", [False, True])
def test_nobody_fills_another_s_message_by_using_its_id(world: World, from_me: bool) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    unreadable = {"somethingNewMessage": {"a": "b"}}
    first = talk.message(ANA, unreadable, group=GROUP, message_id="3EB0SAME", from_me=from_me)
    tell(instance, first, talk.text(BETO, "falso", group=GROUP, message_id="3EB0SAME"))
    assert (the_message().type, the_message().text) == ("unsupported", "")
    tell(instance, talk.text(ANA, "certo", group=GROUP, message_id="3EB0SAME", from_me=from_me))
    assert the_message().text == "certo"


def test_a_group_message_is_not_in_its_author_s_own_chat(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    tell(instance, talk.text(ANA, "no grupo", group=GROUP), talk.text(ANA, "a sós"))
    assert Conversation.objects.filter(kind="direct", messages__text="a sós").count() == 1
    assert Contact.objects.count() == 1


def test_the_same_group_at_two_lines_is_two_conversations(world: World) -> None:
    lines = [make_wapi(), make_wapi(instance_id=LITE_ID)]
    for instance in lines:
        tell(instance, composer(world, instance).text(ANA, "oi", group=GROUP, message_id="3EB0SAME"))
    assert Conversation.objects.count() == Message.objects.count() == 2
    assert Contact.objects.count() == 1


def test_one_person_is_two_contacts_for_two_clients(world: World) -> None:
    lines = [make_wapi(), make_wapi(make_client("Rival"), instance_id=LITE_ID)]
    for instance in lines:
        tell(instance, composer(world, instance).text(ANA, "oi", message_id="3EB0SAME"))
    assert {contact.client.name for contact in Contact.objects.all()} == {"Padaria", "Rival"}
    assert Conversation.objects.count() == Message.objects.count() == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 0, 1, 0)], ids=str)
def test_a_group_has_its_newest_name_in_whatever_order_messages_come(
    order: tuple[int, ...], world: World
) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    bodies = [
        talk.text(ANA, "oi", group=GROUP, at=1790000000 + at, message_id=f"3EB0{at}") | {"groupName": name}
        for at, name in enumerate(["Antes", "Depois"])
    ]
    tell(instance, *[bodies[place] for place in order])
    assert the_conversation().title == "Depois"


def test_a_group_with_an_endless_id_is_ignored_with_the_reason(world: World) -> None:
    instance = make_wapi()
    endless = Group("1" * 300 + "@g.us", "Longo")
    tell(instance, composer(world, instance).text(ANA, "um", group=endless))
    event = WebhookEvent.objects.get()
    assert (event.state, event.error) == ("ignored", "a message that names no chat")
    assert Conversation.objects.count() == 0


def test_hostile_texts_are_kept_without_harm(world: World) -> None:
    instance = make_wapi()
    body = composer(world, instance).text(ANA, "a\x00b \ud83d <script>")
    store(instance, json.dumps(body).encode())
    process()
    assert the_message().text.startswith("ab ")
    assert "\x00" not in the_message().text


def test_a_disconnection_is_seen_and_a_message_after_it_clears_it(world: World) -> None:
    instance = make_wapi(instance_id=LITE_ID)
    replay(instance, "11")
    instance.refresh_from_db()
    assert (instance.status, instance.alarm) == ("disconnected", "The line is disconnected.")
    tell(instance, composer(world, instance).text(ANA, "oi", at=1790001234))
    instance.refresh_from_db()
    assert (instance.status, instance.alarm) == ("connected", "")


def test_a_message_from_before_a_disconnection_does_not_clear_it(world: World) -> None:
    instance = make_wapi(instance_id=LITE_ID)
    replay(instance, "11")
    tell(instance, composer(world, instance).text(ANA, "oi", at=1785100000))
    instance.refresh_from_db()
    assert instance.status == "disconnected"


def test_a_message_from_the_future_does_not_hide_a_later_disconnection(world: World) -> None:
    instance = make_wapi(instance_id=LITE_ID)
    tell(instance, composer(world, instance).text(ANA, "oi", at=4000000000))
    instance.refresh_from_db()
    assert instance.status == "connected"
    assert instance.status_changed_at and instance.status_changed_at <= timezone.now()


def test_a_connection_tells_the_number_and_brings_waiting_files_back() -> None:
    instance = make_wapi(instance_id=LITE_ID, phone_number="")
    later = datetime(2040, 1, 1, tzinfo=UTC)
    media = MediaFile.objects.create(instance=instance, kind="image", next_attempt_at=later)
    replay(instance, "10")
    instance.refresh_from_db()
    media.refresh_from_db()
    assert (instance.status, instance.phone_number) == ("connected", "5511900001111")
    assert media.next_attempt_at < later


def test_the_time_of_the_last_event_is_noted_for_every_kind_of_event() -> None:
    instance = line_of("19")
    replay(instance, "19")
    instance.refresh_from_db()
    assert instance.last_event_at == WebhookEvent.objects.get().received_at


def test_an_unreadable_copy_is_replaced_by_the_readable_one(world: World) -> None:
    instance = make_wapi()
    talk = composer(world, instance)
    first = talk.view_once(ANA, message_id="3EB0TWICE")
    tell(instance, {**first, "msgContent": {"eventMessage": {"name": "?"}}})
    tell(instance, talk.text(ANA, "agora legível", message_id="3EB0TWICE"))
    assert (the_message().type, the_message().text) == ("text", "agora legível")


def test_a_view_once_picture_without_a_key_says_that_no_file_will_come(world: World) -> None:
    instance = make_wapi()
    tell(instance, composer(world, instance).view_once(ANA))
    media = MediaFile.objects.get()
    assert media.state == "unavailable"
    assert media.error
