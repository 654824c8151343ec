"""Searching messages, and what is done to one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Conversation, Message, OutboxItem
from tests.messaging.api.front import NOON, errors, ids, make_conversation, write
from tests.tenants import make_message


@pytest.fixture
def sent(acme):
    """One of ours, a moment ago."""
    return make_message(
        acme.conversation,
        direction="outbound",
        sender=None,
        text="At ten.",
        status="sent",
        sent_at=timezone.now(),
        provider_message_id="OURS",
    )


def test_a_word_is_found_in_every_conversation_one_may_see(acme, rival, front):
    first = write(acme.conversation, 1)[0]
    second = write(make_conversation(acme, 1), 1)[0]
    Message.objects.filter(pk__in=[first.pk, second.pk]).update(text="Pão de queijo")
    make_message(rival.conversation, text="Pão de forma")
    assert ids(front("bob").get("messages/", q="pão")) == [second.pk, first.pk]
    assert ids(front("charlie").get("messages/", q="queijo")) == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"direction": "inbound"}, 4),
        ({"direction": "outbound"}, 1),
        ({"type": "image"}, 0),
        ({"since": NOON.isoformat()}, 5),
        ({"since": (NOON + timedelta(minutes=2)).isoformat()}, 3),
        ({"until": (NOON + timedelta(minutes=2)).isoformat()}, 2),
        ({"until": "2026-11-20T12:02:00Z"}, 2),
    ],
    ids=str,
)
def test_what_is_found_is_narrowed(acme, front, query, count):
    thread = make_conversation(acme, 1)
    Message.objects.filter(pk=write(thread, 5)[-1].pk).update(direction="outbound")
    assert len(ids(front("bob").get("messages/", q="text", conversation=thread.pk, **query))) == count
    assert len(ids(front("bob").get("messages/", conversation=thread.pk, **query))) == count


def test_a_list_without_words_is_of_one_conversation(acme, rival, front):
    for query in ({}, {"q": ""}, {"q": "  "}, {"instance": acme.instance.pk}):
        assert errors(front("bob").get("messages/", 400, **query)) == {"q": "required"}
    assert ids(front("bob").get("messages/", conversation=rival.conversation.pk)) == []
    assert ids(front("bob").get("messages/", q="Acme", instance=acme.instance.pk)) == [acme.message.pk]


def test_what_is_found_comes_in_pages(acme, front):
    made = write(acme.conversation, 7, minutes=0)
    pages = front("bob").pages("messages/", q="text", limit=3)
    found = [pk for page in pages for pk in ids(page)]
    assert found == [acme.message.pk, *sorted((row.pk for row in made), reverse=True)]


@pytest.mark.parametrize("count", [2, 20])
def test_a_search_costs_as_many_queries_as_two_rows(acme, front, count, django_assert_max_num_queries):
    for number in range(count):
        write(make_conversation(acme, number), 1, reply_to_id="x")
    browser = front("bob")
    with django_assert_max_num_queries(11):
        page = browser.get("messages/", q="text")
    assert len(page["results"]) == count + 1


@pytest.mark.parametrize(
    "query",
    [
        {"conversation": "9" * 30},
        {"conversation": "0"},
        {"direction": "up"},
        {"type": "\x00"},
        {"since": "yesterday"},
        {"until": "0001-01-01T00:00:00+23:59"},
        {"since": "9999-12-31T23:59:59-23:59"},
        {"q": "a\x00bc"},
    ],
    ids=str,
)
def test_a_filter_that_cannot_be_is_named(acme, front, query):
    front("bob").get("messages/", 400, **{"conversation": acme.conversation.pk, **query})


@pytest.mark.parametrize("words", ['"', "%%%", "\ud800abc", "x" * 5000, "a b c", "' OR 1=1"])
def test_hostile_words_find_nothing(acme, front, words):
    words = words.encode("utf-8", "replace").decode()
    assert ids(front("bob").get("messages/", q=words)) == []


def test_one_message_is_shown_to_those_who_may_see_it(acme, front):
    path = f"messages/{acme.message.pk}/"
    assert front("bob").get(path)["text"] == "Acme text"
    assert front("bob").get(path)["media"]["state"] == "failed"
    front("charlie").get(path, 404)


DONE = [
    ("PATCH", "", {"text": "At eleven."}, "edit", {"text": "At eleven."}),
    ("DELETE", "", None, "delete", {}),
    ("PUT", "reaction/", {"emoji": "👍"}, "reaction", {"emoji": "👍"}),
    ("DELETE", "reaction/", None, "reaction", {"emoji": ""}),
]


@pytest.mark.parametrize(("method", "action", "body", "kind", "content"), DONE)
def test_what_is_done_to_a_message_waits_in_the_outbox(
    sent, front, people, method, action, body, kind, content
):
    item = front("alice").ask(method, f"messages/{sent.pk}/{action}", body, 202)
    assert (item["action"], item["state"], item["content"]) == (kind, "pending", content)
    assert (item["message"], item["created_by"]["id"]) == (sent.pk, people["alice"].pk)
    assert OutboxItem.objects.get().pk == item["id"]


@pytest.mark.parametrize(("method", "action", "body"), [one[:3] for one in DONE] + [("POST", "read/", None)])
def test_viewers_do_nothing_and_others_see_nothing(sent, front, method, action, body):
    front("bob").ask(method, f"messages/{sent.pk}/{action}", body, 403)
    front("charlie").ask(method, f"messages/{sent.pk}/{action}", body, 404)
    assert not OutboxItem.objects.exists()


def test_only_ones_own_words_can_be_changed(acme, sent, front):
    for method, body in (("PATCH", {"text": "x"}), ("DELETE", None)):
        assert front("alice").ask(method, f"messages/{acme.message.pk}/", body, 409)["code"] == "not_ours"
    Message.objects.filter(pk=sent.pk).update(provider_message_id=None)
    assert front("alice").patch(f"messages/{sent.pk}/", {"text": "x"}, 409)["code"] == "not_sent_yet"


@pytest.mark.parametrize("text", ["", " ", "a\x00", "\ud800", "x" * 70_000, None, 5.5e300, ["x"], {"a": 1}])
def test_an_edit_needs_words(sent, front, text):
    if isinstance(text, float):
        front("alice").patch(f"messages/{sent.pk}/", {"text": text}, 202)
    else:
        assert set(errors(front("alice").patch(f"messages/{sent.pk}/", {"text": text}, 400))) == {"text"}


@pytest.mark.parametrize("emoji", ["", "x" * 65, "abc", "1", "\x00", "\udc00", None, [], {}])
def test_a_reaction_needs_an_emoji(sent, front, emoji):
    problem = front("alice").ask("PUT", f"messages/{sent.pk}/reaction/", {"emoji": emoji}, 400)
    assert set(errors(problem)) == {"emoji"}


def test_reading_a_message_reads_its_conversation(acme, front):
    Conversation.objects.update(unread_count=3)
    shown = front("alice").post(f"messages/{acme.message.pk}/read/")
    assert (shown["id"], shown["unread_count"]) == (acme.conversation.pk, 0)
