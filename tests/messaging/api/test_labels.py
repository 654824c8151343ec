"""Labels, notes and contacts: what a client's people write for themselves."""

import pytest
from django.utils import timezone

from accounts.models import Change, Membership, Role
from messaging.models import Label, LegalHold, Note
from messaging.services import holds
from tests.messaging.api.front import errors, ids, make_conversation, told


@pytest.fixture
def label(acme):
    made = Label.objects.create(client=acme.client, name="Urgent")
    acme.conversation.labels.add(made)
    return made


def test_a_label_is_made_changed_and_deleted(acme, front):
    alice = front("alice")
    made = alice.post("labels/", {"client": acme.client.pk, "name": "Urgent", "color": "#dc2626"}, 201)
    assert made == alice.get(f"labels/{made['id']}/")
    changed = alice.patch(f"labels/{made['id']}/", {"name": "Very urgent"})
    assert (changed["name"], changed["color"], changed["client"]) == (
        "Very urgent",
        "#dc2626",
        acme.client.pk,
    )
    alice.ask("DELETE", f"labels/{made['id']}/", None, 204)
    assert not Label.objects.exists()


def test_the_feed_hears_of_the_conversations_that_carry_a_label(acme, front, label):
    make_conversation(acme, 1)
    front("alice").patch(f"labels/{label.pk}/", {"color": "#000000"})
    front("alice").ask("DELETE", f"labels/{label.pk}/", None, 204)
    assert told("conversation") == [("conversation.updated", acme.conversation.pk)] * 2


def test_a_label_stays_with_its_client(acme, rival, front, label, people):
    Membership.objects.create(user=people["alice"], client=rival.client, role=Role.OPERATOR)
    shown = front("alice").patch(f"labels/{label.pk}/", {"client": rival.client.pk, "name": "x"})
    assert shown["client"] == acme.client.pk


def test_a_name_is_given_once_per_client(acme, rival, front, label):
    body = {"client": acme.client.pk, "name": "Urgent"}
    assert set(errors(front("alice").post("labels/", body, 400))) == {"name"}
    second = front("alice").post("labels/", {"client": acme.client.pk, "name": "Later"}, 201)
    assert set(errors(front("alice").patch(f"labels/{second['id']}/", {"name": "Urgent"}, 400))) == {"name"}
    front("charlie").post("labels/", {"client": rival.client.pk, "name": "Urgent"}, 201)


def test_labels_are_made_only_where_one_may_write(acme, rival, front, people):
    Membership.objects.create(user=people["alice"], client=rival.client, role=Role.VIEWER)
    body = {"client": rival.client.pk, "name": "x"}
    assert errors(front("alice").post("labels/", body, 400)) == {"client": "does_not_exist"}
    front("bob").post("labels/", {"client": acme.client.pk, "name": "x"}, 403)


def test_labels_belong_to_those_who_see_the_client(acme, rival, front, label, people):
    Membership.objects.create(user=people["charlie"], client=acme.client, role=Role.VIEWER)
    Label.objects.create(client=rival.client, name="theirs")
    assert len(ids(front("charlie").get("labels/"))) == 2
    assert ids(front("charlie").get("labels/", client=acme.client.pk)) == [label.pk]
    assert ids(front("bob").get("labels/", client=rival.client.pk)) == []
    front("charlie").patch(f"labels/{label.pk}/", {"name": "x"}, 403)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "color": "#000000"},
        {"name": "x" * 51},
        {"name": "\x00"},
        {"name": "\ud800"},
        {"color": "red"},
        {"color": "#00000\n"},
        {"name": None},
        {"name": ["a"]},
    ],
    ids=str,
)
def test_a_label_has_its_form(front, label, body):
    front("alice").patch(f"labels/{label.pk}/", body, 400)


@pytest.mark.parametrize("client", [None, "x", 10**30, -1, 1.5e300, [], {}, True], ids=str)
def test_a_label_needs_a_client(acme, front, client):
    assert set(errors(front("alice").post("labels/", {"client": client, "name": "x"}, 400))) == {"client"}


def test_a_note_is_written_and_read(acme, front, people):
    path = f"conversations/{acme.conversation.pk}/notes/"
    made = front("alice").post(path, {"text": "Call after six."}, 201)
    assert (made["text"], made["author"]["id"]) == ("Call after six.", people["alice"].pk)
    assert front("bob").get(path)["results"] == [made]
    assert told("conversation") == [("conversation.updated", acme.conversation.pk)]


def test_one_deletes_ones_own_notes_and_a_manager_any(acme, front, people):
    path = f"conversations/{acme.conversation.pk}/notes/"
    first, second = (Note.objects.create(conversation=acme.conversation, author=people["mona"]) for _ in "ab")
    mine = Note.objects.create(conversation=acme.conversation, author=people["alice"])
    front("alice").ask("DELETE", f"{path}{first.pk}/", None, 403)
    front("alice").ask("DELETE", f"{path}{mine.pk}/", None, 204)
    front("mona").ask("DELETE", f"{path}{second.pk}/", None, 204)
    assert list(Note.objects.all()) == [first]


@pytest.mark.parametrize("of", ["client", "conversation", "contact"])
def test_a_held_note_stays(of, acme, front, people):
    note = Note.objects.create(conversation=acme.conversation, author=people["mona"])
    named = {"conversation": acme.conversation, "contact": acme.conversation.contact}
    hold = LegalHold(client=acme.client, reason="a case", **({of: named[of]} if of in named else {}))
    holds.place(hold, by=None, now=timezone.now())
    path = f"conversations/{acme.conversation.pk}/notes/{note.pk}/"
    assert front("mona").ask("DELETE", path, None, 409)["code"] == "held"
    holds.lift(hold, by=None, now=timezone.now())
    front("mona").ask("DELETE", path, None, 204)


def test_a_note_is_reached_through_its_own_conversation_only(acme, rival, front, people):
    foreign = Note.objects.create(conversation=rival.conversation, author=people["alice"])
    path = f"conversations/{acme.conversation.pk}/notes/{foreign.pk}/"
    front("mona").ask("DELETE", path, None, 404)


@pytest.mark.parametrize(
    "text", ["", "x" * 10_001, "\x00", "\ud800", None, 10**400, []], ids=lambda x: str(x)[:9]
)
def test_a_note_has_words(acme, front, text):
    path = f"conversations/{acme.conversation.pk}/notes/"
    if isinstance(text, int):
        front("alice").post(path, {"text": text}, 201)
    else:
        assert set(errors(front("alice").post(path, {"text": text}, 400))) == {"text"}


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_of_notes_costs_as_many_queries_as_two(
    acme, front, people, count, django_assert_max_num_queries
):
    for _ in range(count):
        Note.objects.create(conversation=acme.conversation, author=people["alice"], text="x")
    browser = front("bob")
    with django_assert_max_num_queries(5):
        assert len(browser.get(f"conversations/{acme.conversation.pk}/notes/")["results"]) == count


def test_contacts_are_found_by_name_and_number(acme, rival, front):
    other = make_conversation(acme, 7).contact
    bob = front("bob")
    assert ids(bob.get("contacts/")) == [other.pk, acme.conversation.contact_id]
    assert ids(bob.get("contacts/", q="rson 007")) == [other.pk]
    assert ids(bob.get("contacts/", q="+55 11 90000-0007")) == [other.pk]
    assert ids(bob.get("contacts/", q="Rival")) == []
    assert ids(bob.get("contacts/", client=rival.client.pk)) == []
    assert bob.get(f"contacts/{other.pk}/")["phone"] == "5511900000007"
    front("charlie").get(f"contacts/{other.pk}/", 404)


def test_a_name_is_corrected_and_its_conversations_told(acme, front):
    contact = acme.conversation.contact
    shown = front("alice").patch(f"contacts/{contact.pk}/", {"name": "Ana Souza"})
    assert shown["name"] == "Ana Souza"
    assert front("bob").get(f"conversations/{acme.conversation.pk}/")["title"] == "Ana Souza"
    assert told("conversation") == [("conversation.updated", acme.conversation.pk)]
    front("bob").patch(f"contacts/{contact.pk}/", {"name": "x"}, 403)


@pytest.mark.parametrize("name", ["x" * 201, "\x00", "\ud800", None, [], {}], ids=lambda x: str(x)[:9])
def test_a_name_has_its_form(acme, front, name):
    front("alice").patch(f"contacts/{acme.conversation.contact_id}/", {"name": name}, 400)
    assert not Change.objects.exists()


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_of_contacts_costs_as_many_queries_as_two(acme, front, count, django_assert_max_num_queries):
    for number in range(count):
        make_conversation(acme, number)
    browser = front("bob")
    with django_assert_max_num_queries(5):
        assert len(browser.get("contacts/")["results"]) == count + 1
