"""Reading a conversation's messages."""

import random

import pytest
from django.utils import timezone

from accounts.providers.events import MessageType
from messaging.models import Contact, Conversation, Message, OutboxItem, Reaction
from messaging.serializers import payloads
from tests.loading import payload_names, raw_payload
from tests.messaging.api.front import NOON, errors, ids, write
from tests.telling import make_cloud, make_wapi, process, store
from tests.tenants import MEDIA_KEY, SECRETS, make_media_file, make_message


def newest_first(messages):
    return [row.pk for row in sorted(messages, key=lambda row: (row.sent_at, row.pk), reverse=True)]


def along(pages, *, backwards=False):
    return [pk for page in (pages[::-1] if backwards else pages) for pk in ids(page)]


@pytest.mark.parametrize("minutes", [1, 0], ids=["in turn", "at once"])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 50])
def test_every_message_comes_once_and_in_order_both_ways_from_anywhere(thread, path, front, minutes, limit):
    order = newest_first(write(thread, 9, minutes))
    bob = front("bob")
    for around in random.Random(limit).sample(order, 4):
        middle = bob.get(path, around=around, limit=limit)
        assert around in ids(middle)
        assert len(ids(middle)) == min(limit, 9)
        older = bob.pages(middle["next"]) if middle["next"] else []
        newer = bob.pages(middle["previous"], "previous") if middle["previous"] else []
        assert along(newer, backwards=True) + ids(middle) + along(older) == order


def test_the_message_asked_for_is_in_the_middle(thread, path, front):
    order = newest_first(write(thread, 9))
    page = front("bob").get(path, around=order[4], limit=5)
    assert ids(page) == order[2:7]
    assert "around" not in page["next"] + page["previous"]


def test_at_either_end_there_is_nothing_beyond(thread, path, front):
    order = newest_first(write(thread, 5))
    newest, oldest = (front("bob").get(path, around=pk, limit=3) for pk in (order[0], order[-1]))
    assert (ids(newest), newest["previous"]) == (order[:3], None)
    assert (ids(oldest)[-1], oldest["next"]) == (order[-1], None)


def test_only_a_message_of_this_conversation_can_be_in_the_middle(acme, thread, path, front):
    write(thread, 2)
    front("bob").get(path, 404, around=acme.message.pk)
    front("bob").get(path, 404, around=2**62)
    for wrong in ("x", "-1", "9" * 40, "²"):
        assert set(errors(front("bob").get(path, 400, around=wrong))) == {"around"}


def test_a_conversation_is_searched_inside(acme, thread, path, front):
    wanted = write(thread, 3)[1]
    Message.objects.filter(pk=wanted.pk).update(text="Pão de queijo")
    make_message(acme.conversation, text="Pão de forma")
    assert ids(front("bob").get(path, q="pão")) == [wanted.pk]
    assert ids(front("bob").get(path, q="zz")) == []
    assert len(ids(front("bob").get(path, q=" "))) == 3


def full(conversation: Conversation, number: int) -> Message:
    """A message with everything around it."""
    message = make_message(
        conversation,
        text=f"answer {number}",
        reply_to_id=f"{conversation.pk}-{number}",
        media=make_media_file(conversation.instance),
        sent_at=NOON,
    )
    actor = Contact.objects.create(client=conversation.instance.client, name=f"Reader {number}")
    Reaction.objects.create(message=message, actor=actor, emoji="👍", occurred_at=NOON)
    OutboxItem.objects.create(
        instance=conversation.instance,
        conversation=conversation,
        message=message,
        action="read",
        state="failed",
    )
    return message


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_costs_as_many_queries_as_two_messages(
    thread, path, front, count, django_assert_max_num_queries
):
    write(thread, count)
    for number in range(count):
        full(thread, number)
    browser = front("bob")
    with django_assert_max_num_queries(11):
        page = browser.get(path, limit=100)
    quotes = [row["reply_to"]["id"] for row in page["results"] if row["reply_to"]]
    assert len(page["results"]) == 2 * count
    assert len(set(quotes)) == count
    assert None not in quotes


def test_a_message_is_shown_with_everything_around_it(acme, thread, path, front, people):
    quoted = write(thread, 1)[0]
    message = full(thread, 0)
    Message.objects.filter(pk=message.pk).update(sent_by=people["alice"], direction="outbound", sender=None)
    shown = next(row for row in front("bob").get(path)["results"] if row["id"] == message.pk)
    assert shown["sender"] is None
    assert shown["sent_by"]["username"] == "alice"
    assert shown["reactions"][0] == {
        "emoji": "👍",
        "actor": {"id": Contact.objects.get(name="Reader 0").pk, "name": "Reader 0"},
        "occurred_at": "2026-11-20T12:00:00Z",
    }
    assert shown["reply_to"] == {
        "id": quoted.pk,
        "provider_message_id": quoted.provider_message_id,
        "type": "text",
        "text": "text 0",
        "direction": "inbound",
        "sender": {"id": thread.contact_id, "name": "Person 001"},
    }
    assert [(item["action"], item["state"]) for item in shown["outbox"]] == [("read", "failed")]
    assert shown["media"]["id"] == message.media_id
    assert (shown["client"], shown["instance"]) == (acme.client.pk, acme.instance.pk)


def test_a_quote_that_never_came_shows_what_is_known_of_it(thread, path, front):
    make_message(thread, text="yes", reply_to_id="GONE", payload={"quoted": "Shall\n we?"})
    quote = front("bob").get(path)["results"][0]["reply_to"]
    assert (quote["id"], quote["type"], quote["provider_message_id"]) == (None, None, "GONE")
    assert quote["text"] == "Shall we?"


def test_a_quote_reaches_into_no_other_conversation(acme, thread, path, front):
    make_message(acme.conversation, text="not for you", provider_message_id="SAME")
    make_message(thread, text="yes", reply_to_id="SAME")
    assert front("bob").get(path)["results"][0]["reply_to"]["id"] is None


def test_a_deleted_message_is_not_quoted_in_words(thread, path, front):
    quoted = write(thread, 1)[0]
    make_message(thread, text="what?", reply_to_id=quoted.provider_message_id)
    Message.objects.filter(pk=quoted.pk).update(revoked_at=timezone.now())
    assert front("bob").get(path)["results"][0]["reply_to"]["text"] == ""


@pytest.mark.parametrize(
    "payload", [{"mediaKey": MEDIA_KEY, "wire_type": "x"}, [1], "text", None, 5], ids=str
)
def test_only_documented_members_of_a_payload_go_out(thread, path, front, payload):
    message = make_message(thread)
    Message.objects.filter(pk=message.pk).update(payload=payload if payload is not None else {})
    shown = front("bob").get(path)["results"][0]["payload"]
    assert shown == ({"wire_type": "x"} if isinstance(payload, dict) else {})


def make_line(provider: str, client):
    if provider == "cloud":
        return make_cloud(client)
    return make_wapi(client)


@pytest.mark.parametrize("provider", ["wapi", "cloud"])
def test_whatever_providers_sent_is_shown_and_no_secret_with_it(acme, front, provider):
    line = make_line(provider, acme.client)
    for name in payload_names(provider):
        store(line, raw_payload(provider, name))
    process()
    received = Message.objects.filter(conversation__instance=line)
    assert received.count() > 5
    seen = []
    for conversation in Conversation.objects.filter(instance=line):
        page = front("bob").get(f"conversations/{conversation.pk}/messages/")
        seen += ids(page)
        text = str(page)
        assert not [secret for secret in (*SECRETS, "mediaKey", "directPath", "oe=") if secret in text]
        assert all(set(row["payload"]) <= set(payloads.MEMBERS) for row in page["results"])
    assert sorted(seen) == sorted(received.values_list("pk", flat=True))


def test_every_member_that_providers_tell_of_is_shown_or_known_to_be_hidden(acme, front):
    for provider in ("wapi", "cloud"):
        line = make_line(provider, acme.client)
        for name in payload_names(provider):
            store(line, raw_payload(provider, name))
    process()
    told = {name for payload in Message.objects.values_list("payload", flat=True) for name in payload}
    assert told - set(payloads.MEMBERS) <= {"quoted"}
    assert {row.type for row in Message.objects.all()} <= set(MessageType)


PAGES = [
    *("conversations/", "contacts/", "labels/", "outbox/", "webhook-events/", "messages/?q=Acme"),
    *("conversations/{0}/", "conversations/{0}/messages/", "conversations/{0}/notes/", "messages/{1}/"),
]


@pytest.mark.parametrize("page", PAGES)
def test_people_can_browse_the_api(acme, browser_of, page):
    address = "/api/v1/" + page.format(acme.conversation.pk, acme.message.pk)
    answer = browser_of("mona").get(address, headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")
