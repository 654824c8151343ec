"""What waits to be done, and webhook events, for those who look after a line."""

import json

import pytest
from django.utils import timezone

from messaging.models import OutboxItem, WebhookEvent
from tests.messaging.api.front import errors, ids
from tests.tenants import SECRETS


@pytest.fixture
def item(acme, people):
    return OutboxItem.objects.create(
        instance=acme.instance,
        conversation=acme.conversation,
        message=acme.message,
        action="reaction",
        content={"emoji": "👍", "secret": "x"},
        state="failed",
        error="refused",
        created_by=people["alice"],
    )


def test_the_outbox_is_listed_by_what_is_asked(acme, rival, front, item):
    bob = front("bob")
    shown = bob.get("outbox/")["results"][0]
    assert (shown["content"], shown["error"]) == ({"emoji": "👍"}, "refused")
    for query in (
        {"state": "failed"},
        {"instance": acme.instance.pk},
        {"conversation": acme.conversation.pk},
    ):
        assert ids(bob.get("outbox/", **query)) == [item.pk]
    for query in ({"state": "sent"}, {"instance": rival.instance.pk}):
        assert ids(bob.get("outbox/", **query)) == []
    assert bob.get(f"outbox/{item.pk}/") == shown
    front("charlie").get(f"outbox/{item.pk}/", 404)


def test_a_failed_one_is_tried_again(front, item):
    assert front("alice").post(f"outbox/{item.pk}/send-again/")["state"] == "pending"


def test_a_waiting_one_is_cancelled_and_a_finished_one_not(front, item):
    OutboxItem.objects.update(state="pending")
    assert front("alice").post(f"outbox/{item.pk}/cancel/")["state"] == "cancelled"
    front("alice").post(f"outbox/{item.pk}/cancel/", None, 409)


@pytest.mark.parametrize(("was_sent", "state"), [(True, "sent"), (False, "failed")])
def test_a_person_says_what_became_of_an_unknown_one(front, item, was_sent, state):
    OutboxItem.objects.update(state="unknown", next_attempt_at=timezone.now())
    assert front("alice").post(f"outbox/{item.pk}/settle/", {"was_sent": was_sent})["state"] == state


@pytest.mark.parametrize(
    "body", [{}, {"was_sent": None}, {"was_sent": "perhaps"}, {"was_sent": []}, []], ids=str
)
def test_a_persons_word_is_yes_or_no(front, item, body):
    front("alice").post(f"outbox/{item.pk}/settle/", body, 400)


@pytest.mark.parametrize("action", ["send-again", "cancel", "settle"])
def test_viewers_settle_nothing_and_others_see_nothing(front, item, action):
    front("bob").post(f"outbox/{item.pk}/{action}/", {"was_sent": True}, 403)
    front("charlie").post(f"outbox/{item.pk}/{action}/", {"was_sent": True}, 404)
    item.refresh_from_db()
    assert item.state == "failed"


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_of_the_outbox_costs_as_many_queries_as_two(
    acme, front, count, people, django_assert_max_num_queries
):
    facts = {"instance": acme.instance, "conversation": acme.conversation, "message": acme.message}
    for _ in range(count):
        OutboxItem.objects.create(action="read", created_by=people["alice"], **facts)
    browser = front("bob")
    with django_assert_max_num_queries(4):
        assert len(browser.get("outbox/")["results"]) == count


def test_managers_see_webhook_events_and_what_they_brought(acme, front):
    mona = front("mona")
    listed = mona.get("webhook-events/")["results"]
    assert [(row["id"], row["error"]) for row in listed] == [(acme.event.pk, "Acme went wrong")]
    assert "body" not in listed[0]
    shown = mona.get(f"webhook-events/{acme.event.pk}/")
    assert json.loads(shown["body"])["imageMessage"]["caption"] == "hello"
    assert not [secret for secret in SECRETS if secret in shown["body"]]


def test_only_the_last_line_of_an_error_is_listed(acme, front):
    WebhookEvent.objects.update(error="Traceback\n  File\nValueError: x" + "y" * 500)
    listed, shown = (front("mona").get(f"webhook-events/{pk}") for pk in ("", f"{acme.event.pk}/"))
    assert listed["results"][0]["error"].startswith("ValueError: xyy")
    assert len(listed["results"][0]["error"]) == 300
    assert shown["error"].startswith("Traceback")


@pytest.mark.parametrize("path", ["", "{}/"])
@pytest.mark.parametrize("name", ["alice", "bob"])
def test_webhook_events_are_for_managers(acme, front, path, name):
    front(name).get("webhook-events/" + path.format(acme.event.pk), 403)


def test_another_clients_event_does_not_exist(acme, front):
    front("charlie").get(f"webhook-events/{acme.event.pk}/", 404)
    front("charlie").post(f"webhook-events/{acme.event.pk}/process-again/", None, 404)
    assert acme.event.pk not in ids(front("charlie").get("webhook-events/"))


def test_an_event_is_processed_again(acme, front):
    path = f"webhook-events/{acme.event.pk}/process-again/"
    front("alice").post(path, None, 403)
    shown = front("mona").post(path)
    assert (shown["state"], shown["error"]) == ("pending", "")


def test_events_are_narrowed(acme, rival, front):
    mona, at = front("mona"), acme.event.received_at
    for query in ({"state": "failed"}, {"instance": acme.instance.pk}, {"since": at.isoformat()}):
        assert ids(mona.get("webhook-events/", **query)) == [acme.event.pk]
    for query in ({"state": "pending"}, {"instance": rival.instance.pk}, {"until": at.isoformat()}):
        assert ids(mona.get("webhook-events/", **query)) == []
    for name, value in {"state": "x", "instance": "9" * 25, "since": "x", "until": "\x00"}.items():
        assert set(errors(mona.get("webhook-events/", 400, **{name: value}))) == {name}


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 5000, b'"\\ud800"', b""], ids=lambda x: str(x)[:12])
def test_whatever_was_received_is_shown(acme, front, body):
    WebhookEvent.objects.update(body=body)
    assert isinstance(front("mona").get(f"webhook-events/{acme.event.pk}/")["body"], str)


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_of_events_costs_as_many_queries_as_two(acme, front, count, django_assert_max_num_queries):
    for _ in range(count):
        WebhookEvent.objects.create(instance=acme.instance, body=b"{}")
    browser = front("mona")
    with django_assert_max_num_queries(4):
        assert len(browser.get("webhook-events/")["results"]) == count + 1
