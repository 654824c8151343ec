"""A new conversation from the inbox: text, or a template where nobody wrote within the window."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import WhatsappInstance
from messaging.models import Conversation, Message, OutboxItem
from tests.telling import make_cloud
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    people,
    rival,
    static_files_as_they_are,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
NEW = "/admin/messaging/conversation/new/"
PHONE = "+55 (11) 90000-7777"
TEMPLATE = {"template": "order_ready", "language": "pt_BR", "values": "Ana\n 51 \n"}


@pytest.fixture
def cloud(acme: Rows) -> WhatsappInstance:
    return make_cloud(acme.client)


def begin(browser: Any, from_line: WhatsappInstance, status: int = 302, **facts: Any) -> Any:
    asked = {"line": from_line.pk, "phone": PHONE, "key": uuid.uuid4()} | facts
    answer = browser.post(NEW, asked)
    assert answer.status_code == status, answer.context and answer.context["form"].errors
    return answer


def told(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["form"].errors)


def test_a_first_text_waits_to_be_sent_and_its_thread_opens(acme: Rows, browser_of: LogIn) -> None:
    answer = begin(browser_of("alice"), acme.instance, name="Ana", text="Good morning!")
    message = Message.objects.get(text="Good morning!")
    assert answer["Location"] == f"/admin/messaging/conversation/{message.conversation_id}/change/"
    assert (message.conversation.chat_id, str(message.conversation)) == ("5511900007777", "Ana")
    assert (message.status, str(message.sent_by)) == ("queued", "alice")


def test_somebody_known_is_written_to_in_the_thread_that_is_there(acme: Rows, browser_of: LogIn) -> None:
    begin(browser_of("alice"), acme.instance, phone="5511900001234", text="Hello again")
    assert Message.objects.get(text="Hello again").conversation == acme.conversation
    assert Conversation.objects.filter(instance=acme.instance).count() == 1


def test_the_same_form_sent_twice_sends_once(acme: Rows, browser_of: LogIn) -> None:
    alice, key = browser_of("alice"), uuid.uuid4()
    first = begin(alice, acme.instance, key=key, text="Hi")
    assert begin(alice, acme.instance, key=key, text="Hi")["Location"] == first["Location"]
    assert OutboxItem.objects.count() == 1


def test_a_stranger_to_the_cloud_api_takes_a_template(cloud: WhatsappInstance, browser_of: LogIn) -> None:
    alice = browser_of("alice")
    refused = begin(alice, cloud, 200, text="Hi")
    assert "send a template" in told(refused)["text"][0]
    assert not Conversation.objects.filter(instance=cloud).exists()
    begin(alice, cloud, **TEMPLATE)
    message = Message.objects.get(conversation__instance=cloud)
    parameters = message.payload["components"][0]["parameters"]
    assert (message.type, [one["text"] for one in parameters]) == ("template", ["Ana", "51"])


def test_within_the_window_a_text_goes(cloud: WhatsappInstance, browser_of: LogIn) -> None:
    alice = browser_of("alice")
    begin(alice, cloud, **TEMPLATE)
    wrote = timezone.now() - timedelta(hours=1)
    Conversation.objects.filter(instance=cloud).update(last_inbound_at=wrote)
    begin(alice, cloud, text="Thanks")
    assert Message.objects.filter(text="Thanks").exists()


@pytest.mark.parametrize(
    ("facts", "field", "words"),
    [
        ({"text": ""}, "text", "Say something"),
        ({"text": "  \n"}, "text", "Say something"),
        ({"text": "Hi", "phone": "90000"}, "phone", "country"),
        ({"text": "Hi", "phone": "<b>"}, "phone", "country"),
        ({"text": "x" * 70_000}, "text", "at most"),
        ({"text": "Hi", "line": "9" * 30}, "line", "valid choice"),
        ({"text": "Hi", "line": ""}, "line", "required"),
        ({"text": "Hi", "template": "a"}, "template", "not both"),
        ({"template": "order_ready"}, "template", "no templates"),
        ({"text": "Hi", "key": "x"}, "key", "UUID"),
        ({"text": "a\x00b"}, "text", "Null"),
    ],
)
def test_what_is_wrong_is_told_beside_it(
    facts: dict[str, Any], field: str, words: str, acme: Rows, browser_of: LogIn
) -> None:
    refused = begin(browser_of("alice"), acme.instance, 200, **facts)
    assert words in told(refused)[field][0]
    assert not OutboxItem.objects.exists()


def test_a_line_that_is_off_is_not_offered(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.update(is_active=False)
    page = browser_of("alice").get(NEW).content.decode()
    assert "There is no line to write from." in page
    assert "line" in told(begin(browser_of("alice"), acme.instance, 200, text="Hi"))


def test_nobody_writes_from_another_clients_line(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    assert "Rival" not in browser_of("alice").get(NEW).content.decode()
    assert "line" in told(begin(browser_of("alice"), rival.instance, 200, text="Hi"))


def test_who_only_reads_begins_nothing(acme: Rows, browser_of: LogIn) -> None:
    bob = browser_of("bob")
    assert (bob.get(NEW).status_code, bob.post(NEW, {}).status_code) == (403, 403)
    assert NEW not in bob.get("/admin/messaging/conversation/").content.decode()
    assert NEW in browser_of("alice").get("/admin/messaging/conversation/").content.decode()


def test_the_line_that_the_list_shows_is_chosen_already(acme: Rows, browser_of: LogIn) -> None:
    narrowed = f"/admin/messaging/conversation/?instance__id__exact={acme.instance.pk}"
    assert f"{NEW}?line={acme.instance.pk}" in browser_of("alice").get(narrowed).content.decode()
    page = browser_of("root").get(f"{NEW}?line={acme.instance.pk}&phone=5511").content.decode()
    assert f'value="{acme.instance.pk}" selected data-templates="0"' in page
