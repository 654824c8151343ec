"""The list of conversations and the pieces that an open page asks for."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from messaging.models import Contact, Conversation, Label, OutboxItem
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    make_message,
    make_ready,
    people,
    rival,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
INBOX = "/admin/messaging/conversation/"
ROWS = f"{INBOX}rows/"


def of(rows: Rows, word: str = "change") -> str:
    return f"{INBOX}{rows.conversation.pk}/{word}/"


def shown(browser: Any, **query: Any) -> list[int]:
    return [row.conversation.pk for row in browser.get(INBOX, query).context["cl"].rows]


def make_conversation(rows: Rows, name: str, **facts: Any) -> Conversation:
    contact = Contact.objects.create(client=rows.client, name=name)
    facts = {"chat_id": name, "last_message_at": timezone.now()} | facts
    return Conversation.objects.create(instance=rows.instance, contact=contact, **facts)


def test_a_row_tells_who_wrote_what_and_who_has_it(
    acme: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    make_message(acme.conversation, text="Two loaves,\n please")
    label = Label.objects.create(client=acme.client, name="Bread", color="#aa3300")
    acme.conversation.labels.add(label)
    Conversation.objects.filter(pk=acme.conversation.pk).update(unread_count=3, assigned_to=people["bob"])
    text = browser_of("alice").get(INBOX).content.decode()
    for word in ("Acme contact", "Two loaves, please", "Acme line", "bob", "Bread", "#aa3300", "data-unread"):
        assert word in text


@pytest.mark.parametrize(
    ("kind", "text", "revoked", "preview"),
    [
        ("voice", "", False, "Voice note"),
        ("image", "The menu", False, "The menu"),
        ("text", "Sorry", True, "Deleted"),
        ("text", "\u202egpj.exe", False, "gpj.exe"),
    ],
)
def test_the_newest_message_is_told_in_a_line(
    kind: str, text: str, revoked: bool, preview: str, acme: Rows, browser_of: LogIn
) -> None:
    make_message(acme.conversation, type=kind, text=text, revoked_at=timezone.now() if revoked else None)
    page = browser_of("bob").get(ROWS).content.decode()
    assert f'<span dir="auto">{preview}</span>' in page


def test_the_inbox_can_be_narrowed(acme: Rows, people: dict[str, User], browser_of: LogIn) -> None:
    label = Label.objects.create(client=acme.client, name="Bread")
    mine = make_conversation(acme, "Mine", assigned_to=people["alice"], unread_count=1)
    closed = make_conversation(acme, "Closed", status="closed", assigned_to=people["bob"])
    closed.labels.add(label)
    alice, plain = browser_of("alice"), acme.conversation.pk
    assert shown(alice, unread="1") == [mine.pk]
    assert shown(alice, assignee="me") == [mine.pk]
    assert shown(alice, assignee="none") == [plain]
    assert shown(alice, status__exact="closed") == [closed.pk]
    assert shown(alice, label=label.pk) == [closed.pk]
    assert len(shown(alice, instance__id__exact=acme.instance.pk)) == 3


@pytest.mark.parametrize("value", ["x", "-1", "9" * 30, "²", ""])
def test_a_foreign_label_finds_nothing_it_should_not(value: str, acme: Rows, browser_of: LogIn) -> None:
    Label.objects.create(client=acme.client, name="Bread")
    assert shown(browser_of("alice"), label=value) == ([] if value else [acme.conversation.pk])


def test_search_finds_what_was_said_and_leads_there(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    said = make_message(acme.conversation, text="The wedding cake has three floors")
    make_message(rival.conversation, text="A wedding too")
    make_message(acme.conversation, text="Thanks")
    page = browser_of("alice").get(INBOX, {"q": "wedding"})
    assert [row.conversation.pk for row in page.context["cl"].rows] == [acme.conversation.pk]
    text = page.content.decode()
    assert "The wedding cake" in text
    assert f"message={said.pk}&amp;_changelist_filters=q%3Dwedding" in text
    assert shown(browser_of("alice"), q="acme con") == [acme.conversation.pk]


def test_another_clients_labels_and_lines_are_not_offered(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    Label.objects.create(client=acme.client, name="Bread")
    foreign = Label.objects.create(client=rival.client, name="Other plan")
    rival.conversation.labels.add(foreign)
    alice = browser_of("alice")
    text = alice.get(INBOX).content.decode()
    assert "plan" not in text
    assert "Rival" not in text
    assert shown(alice, label=foreign.pk) == []
    assert rival.conversation.pk in shown(browser_of("root"), label=foreign.pk)


@pytest.mark.parametrize("word", ["change", "lines", "panel"])
def test_another_clients_conversation_is_not_there(
    word: str, acme: Rows, rival: Rows, browser_of: LogIn
) -> None:
    alice = browser_of("alice")
    assert alice.get(of(acme, word)).status_code == 200
    answer = alice.get(of(rival, word), follow=True)
    assert "Rival" not in answer.content.decode()
    if word != "change":
        assert answer.status_code == 404
    assert alice.get(ROWS, {"ids": f"{rival.conversation.pk}"}).context["cl"].rows == []


def test_pieces_are_for_those_who_are_logged_in(acme: Rows, client: Any) -> None:
    for address in (ROWS, of(acme, "lines"), of(acme, "panel")):
        assert client.get(address).status_code == 302


def test_rows_are_asked_for_by_id_and_keep_to_the_filters(acme: Rows, browser_of: LogIn) -> None:
    other = make_conversation(acme, "Other", unread_count=2)
    asked = {"ids": f"{acme.conversation.pk},{other.pk},x,{'9' * 30}"}
    alice = browser_of("alice")
    assert len(alice.get(ROWS, asked).context["cl"].rows) == 2
    rows = alice.get(ROWS, asked | {"unread": "1", "current": other.pk}).context["cl"].rows
    assert [row.conversation.pk for row in rows] == [other.pk]
    assert alice.get(ROWS, {"ids": ""}).context["cl"].rows == []


def test_an_empty_inbox_says_what_to_do(acme: Rows, browser_of: LogIn) -> None:
    acme.message.delete()
    acme.conversation.delete()
    alice = browser_of("alice")
    assert "Send a message to one of your numbers" in alice.get(INBOX).content.decode()
    assert "Nothing was found" in alice.get(INBOX, {"q": "nobody"}).content.decode()
    assert "New ones appear here" in alice.get(INBOX, {"unread": "1"}).content.decode()


def test_text_that_no_database_takes_is_read_without_it(acme: Rows, browser_of: LogIn) -> None:
    assert shown(browser_of("alice"), q="Ac\x00me") == [acme.conversation.pk]
    assert shown(browser_of("alice"), q="Ri\x00val") == []


def test_kept_filters_that_are_none_of_ours_do_no_harm(acme: Rows, browser_of: LogIn) -> None:
    answer = browser_of("alice").get(of(acme), {"_changelist_filters": "status__exact=%00&p=older.x&q=\x00"})
    assert answer.status_code == 200


def _queries(address: str, browser: Any, **query: Any) -> int:
    with CaptureQueriesContext(connection) as found:
        assert browser.get(address, query).status_code == 200
    return len(found)


def _fill(rows: Rows, count: int, people: dict[str, User]) -> None:
    for number in range(count):
        other = make_conversation(rows, f"Contact {number}", assigned_to=people["bob"], unread_count=1)
        other.labels.add(Label.objects.create(client=rows.client, name=f"Label {other.pk}"))
        make_message(other, text=f"bread {number}")
        media_file = make_ready(rows.instance, kind="voice", waveform=bytes(range(64)))
        facts = {"type": "voice", "media": media_file, "direction": "outbound", "status": "unknown"}
        message = make_message(rows.conversation, **facts, sent_by=people["bob"])
        OutboxItem.objects.create(
            instance=rows.instance, conversation=rows.conversation, message=message, action="message"
        )


@pytest.mark.parametrize("kind", ["direct", "group"])
def test_a_fuller_inbox_costs_no_more_queries(
    kind: str, acme: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    Conversation.objects.filter(pk=acme.conversation.pk).update(kind=kind)
    browser = browser_of("alice")
    addresses = [(INBOX, {}), (INBOX, {"q": "bread"}), (of(acme), {}), (of(acme, "lines"), {})]
    _fill(acme, 2, people)
    for address, query in addresses:
        browser.get(address, query)
    few = [_queries(address, browser, **query) for address, query in addresses]
    _fill(acme, 25, people)
    assert [_queries(address, browser, **query) for address, query in addresses] == few
    assert max(few) <= 36
