from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Change, Membership, Role, User
from messaging.models import Conversation, Label, OutboxItem
from tests.messaging.api.front import NOON, errors, ids, make_conversation, told, write
from tests.telling import make_cloud


def test_a_conversation_says_who_it_is_with_and_what_was_said_last(acme, front):
    label = Label.objects.create(client=acme.client, name="Urgent", color="#dc2626")
    acme.conversation.labels.add(label)
    shown = front("bob").get(f"conversations/{acme.conversation.pk}/")
    assert shown["title"] == "Acme contact"
    assert shown["contact"]["phone"] == "5511900001234"
    assert shown["contact"]["aliases"] == [{"kind": "phone", "value": "5511900001234"}]
    assert shown["labels"] == [{"id": label.pk, "name": "Urgent", "color": "#dc2626"}]
    latest = shown["last_message"]
    assert (latest["id"], latest["type"], latest["text"]) == (acme.message.pk, "image", "Acme text")
    assert (shown["client"], shown["instance"]) == (acme.client.pk, acme.instance.pk)
    assert shown["window"] is None


def test_the_newest_message_is_shown_in_one_short_line_and_a_deleted_one_not_at_all(acme, front):
    message = write(acme.conversation, 3)[-1]
    message.text = "one\n\ntwo " + "x" * 200
    message.sent_at = timezone.now() + timedelta(hours=1)
    message.save()
    address = f"conversations/{acme.conversation.pk}/"
    shown = front("bob").get(address)["last_message"]["text"]
    assert shown.startswith("one two xxx")
    assert len(shown) < 91
    message.revoked_at = timezone.now()
    message.save()
    latest = front("bob").get(address)["last_message"]
    assert (latest["text"], latest["revoked"]) == ("", True)


@pytest.mark.parametrize(
    ("hours", "is_open"), [(None, False), (1, True), (23.9, True), (24.1, False)], ids=str
)
def test_metas_window_is_shown(acme, front, hours, is_open):
    wrote = timezone.now() - timedelta(hours=hours) if hours else None
    conversation = make_conversation(acme, 1, last_inbound_at=wrote)
    conversation.instance = make_cloud(acme.client)
    conversation.save()
    window = front("bob").get(f"conversations/{conversation.pk}/")["window"]
    assert window["open"] is is_open
    assert (window["until"] is None) == (hours is None)
    Conversation.objects.filter(pk=conversation.pk).update(kind="group")
    assert front("bob").get(f"conversations/{conversation.pk}/")["window"] is None


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_costs_as_many_queries_as_two_rows(acme, front, count, django_assert_max_num_queries):
    label = Label.objects.create(client=acme.client, name="Urgent")
    browser = front("bob")
    user = User.objects.get(username="alice")
    for number in range(count):
        conversation = make_conversation(acme, number, assigned_to=user)
        conversation.labels.add(label)
        write(conversation, 2)
    with django_assert_max_num_queries(8):
        page = browser.get("conversations/")
    assert len(page["results"]) == count + 1
    assert all(row["last_message"] for row in page["results"])


def test_pages_of_conversations_have_each_one_once(acme, front):
    made = [make_conversation(acme, number, last_message_at=NOON) for number in range(9)]
    pages = front("bob").pages("conversations/", limit=2)
    found = [pk for page in pages for pk in ids(page)]
    assert found == [acme.conversation.pk, *sorted((row.pk for row in made), reverse=True)]
    back = front("bob").pages(pages[-1]["previous"], "previous")
    assert [pk for page in back[::-1] for pk in ids(page)] == found[: -len(ids(pages[-1]))]


@pytest.fixture
def mixed(acme, people):
    """Conversations of all sorts by what is special about them."""
    made = {
        "closed": make_conversation(acme, 1, status="closed"),
        "mine": make_conversation(acme, 2, assigned_to=people["alice"]),
        "unread": make_conversation(acme, 3, unread_count=2),
        "group": make_conversation(acme, 4, kind="group", title="Festa da firma"),
        "labelled": make_conversation(acme, 5),
    }
    made["labelled"].labels.add(Label.objects.create(client=acme.client, name="Urgent"))
    return made


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"status": "closed"}, "closed"),
        ({"assigned_to": "me"}, "mine"),
        ({"unread": "true"}, "unread"),
        ({"kind": "group"}, "group"),
        ({"q": "festa"}, "group"),
        ({"q": "Person 003"}, "unread"),
        ({"q": "11 90000-0005"}, "labelled"),
        ({"q": "Person 9"}, None),
    ],
    ids=str,
)
def test_conversations_are_found_by_what_is_special_about_them(acme, front, mixed, query, name):
    assert ids(front("alice").get("conversations/", **query)) == ([mixed[name].pk] if name else [])


def test_conversations_are_found_by_what_they_belong_to(acme, rival, front, mixed, people):
    alice = front("alice")
    label = Label.objects.get()
    assert ids(alice.get("conversations/", label=label.pk)) == [mixed["labelled"].pk]
    assert ids(alice.get("conversations/", assigned_to=people["alice"].pk)) == [mixed["mine"].pk]
    assert ids(alice.get("conversations/", contact=mixed["closed"].contact_id)) == [mixed["closed"].pk]
    assert len(ids(alice.get("conversations/", instance=acme.instance.pk, client=acme.client.pk))) == 6
    assert len(ids(alice.get("conversations/", assigned_to="none"))) == 5
    assert ids(alice.get("conversations/", instance=rival.instance.pk)) == []


@pytest.mark.parametrize(
    "query",
    [
        {"instance": "9" * 40},
        {"instance": "x"},
        {"label": "-1"},
        {"assigned_to": "9" * 30},
        {"assigned_to": "²"},
        {"status": "asleep"},
        {"kind": "\x00"},
        {"q": "a\x00b"},
        {"cursor": "newer.x"},
        {"limit": "1000"},
    ],
    ids=str,
)
def test_a_filter_that_cannot_be_is_named(acme, front, query):
    assert set(errors(front("bob").get("conversations/", 400, **query))) == set(query)


@pytest.mark.parametrize(
    ("method", "action", "body"),
    [
        ("POST", "open/", None),
        ("POST", "close/", None),
        ("POST", "assign/", {"assigned_to": None}),
        ("POST", "read/", None),
        ("PATCH", "", {"status": "closed"}),
        ("POST", "notes/", {"text": "hello"}),
        ("POST", "messages/", {"text": "hello"}),
    ],
)
def test_viewers_only_look_and_others_see_nothing(acme, front, method, action, body):
    path = f"conversations/{acme.conversation.pk}/{action}"
    front("bob").ask(method, path, body, 403)
    front("charlie").ask(method, path, body, 404)
    assert not Change.objects.exists()


@pytest.mark.parametrize("path", ["", "messages/", "notes/"])
def test_another_clients_conversation_does_not_exist(acme, front, path):
    front("charlie").get(f"conversations/{acme.conversation.pk}/{path}", 404)
    assert front("charlie").get(f"conversations/{acme.conversation.pk}/", 404)["code"] == "not_found"


def test_a_conversation_is_closed_and_opened_again_and_the_feed_hears_of_it(acme, front):
    path = f"conversations/{acme.conversation.pk}/"
    assert front("alice").post(path + "close/")["status"] == "closed"
    assert front("alice").post(path + "open/")["status"] == "open"
    assert told("conversation") == [("conversation.updated", acme.conversation.pk)] * 2


def test_a_conversation_is_given_to_a_member_and_to_nobody(acme, front, people):
    path = f"conversations/{acme.conversation.pk}/assign/"
    given = front("alice").post(path, {"assigned_to": people["mona"].pk})["assigned_to"]
    assert (given["id"], given["username"]) == (people["mona"].pk, "mona")
    assert front("alice").post(path, {"assigned_to": None})["assigned_to"] is None
    assert len(told("conversation")) == 2


@pytest.mark.parametrize("name", ["charlie", "root", "gone"])
def test_a_conversation_is_given_to_nobody_outside(acme, front, people, name):
    gone = User.objects.create_user("gone", is_active=False)
    Membership.objects.create(user=gone, client=acme.client, role=Role.OPERATOR)
    user = User.objects.get(username=name)
    path = f"conversations/{acme.conversation.pk}/"
    for problem in (
        front("alice").post(path + "assign/", {"assigned_to": user.pk}, 400),
        front("alice").patch(path, {"assigned_to": user.pk}, 400),
    ):
        assert set(errors(problem)) == {"assigned_to"}
    assert not Change.objects.exists()


def test_several_things_change_at_once_and_are_told_once(acme, front, people):
    first, second = (Label.objects.create(client=acme.client, name=name) for name in ("a", "b"))
    acme.conversation.labels.add(first)
    body = {"status": "closed", "assigned_to": people["bob"].pk, "labels": [second.pk, second.pk]}
    shown = front("alice").patch(f"conversations/{acme.conversation.pk}/", body)
    assert (shown["status"], shown["assigned_to"]["username"]) == ("closed", "bob")
    assert [label["name"] for label in shown["labels"]] == ["b"]
    assert told("conversation") == [("conversation.updated", acme.conversation.pk)]


def test_nothing_of_a_change_holds_when_a_part_of_it_cannot(acme, rival, front):
    foreign = Label.objects.create(client=rival.client, name="theirs")
    body = {"status": "closed", "labels": [foreign.pk]}
    problem = front("alice").patch(f"conversations/{acme.conversation.pk}/", body, 400)
    assert set(errors(problem)) == {"labels"}
    acme.conversation.refresh_from_db()
    assert acme.conversation.status == "open"


def test_reading_takes_the_count_away_and_tells_the_other_side(acme, front):
    Conversation.objects.update(unread_count=3)
    assert front("alice").post(f"conversations/{acme.conversation.pk}/read/")["unread_count"] == 0
    assert OutboxItem.objects.get().action == "read"


def test_a_conversation_is_begun_once_with_a_phone(acme, front):
    body = {"instance": acme.instance.pk, "phone": "+55 (11) 98888-7777", "name": "Nina"}
    made = front("alice").post("conversations/", body)
    assert (made["title"], made["contact"]["phone"], made["chat_id"]) == (
        "Nina",
        "5511988887777",
        "5511988887777",
    )
    assert front("alice").post("conversations/", body)["id"] == made["id"]
    assert ("conversation.created", made["id"]) in told("conversation")


def test_what_is_no_phone_is_said_in_words(acme, front):
    problem = front("alice").post("conversations/", {"instance": acme.instance.pk, "phone": "12"}, 400)
    assert "country code" in problem["errors"][0]["message"]


def test_a_conversation_is_not_begun_on_a_line_that_one_may_not_use(acme, rival, front, people):
    Membership.objects.create(user=people["alice"], client=rival.client, role=Role.VIEWER)
    body = {"instance": rival.instance.pk, "phone": "5511988887777"}
    assert set(errors(front("alice").post("conversations/", body, 400))) == {"instance"}
    front("bob").post("conversations/", body, 403)
