from typing import Any

import pytest
from django.urls import reverse

from messaging.models import Conversation, Message, OutboxItem
from tests.messaging.outgoing import say, the_item
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival, static_files_as_they_are  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
OUTBOX = "/admin/messaging/outboxitem/"


def send_from(rows: Rows, state: str, **facts: Any) -> OutboxItem:
    say(Conversation.objects.select_related("instance__client").get(pk=rows.conversation.pk), "segredo")
    OutboxItem.objects.update(state=state, **facts)
    Message.objects.filter(status="queued").update(status="unknown" if state == "unknown" else "failed")
    return the_item()


def act(item: OutboxItem, verb: str) -> str:
    return reverse("admin:messaging_outboxitem_act", args=[item.pk, verb])


@pytest.mark.parametrize(
    ("state", "verb", "left", "status"),
    [
        ("failed", "send-again", "pending", "queued"),
        ("unknown", "send-again", "pending", "queued"),
        ("unknown", "was-sent", "sent", "sent"),
        ("unknown", "was-not-sent", "failed", "failed"),
        ("pending", "cancel", "cancelled", "failed"),
        ("sent", "send-again", "sent", "failed"),
        ("sending", "cancel", "sending", "failed"),
    ],
)
def test_an_operator_decides(
    state: str, verb: str, left: str, status: str, acme: Rows, browser_of: LogIn
) -> None:
    item = send_from(acme, state)
    assert browser_of("alice").post(act(item, verb)).status_code == 302
    assert (the_item().state, the_item().message.status) == (left, status)


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("charlie", 404)])
@pytest.mark.parametrize("verb", ["send-again", "was-sent", "was-not-sent", "cancel"])
def test_nobody_else_decides(verb: str, name: str, status: int, acme: Rows, browser_of: LogIn) -> None:
    item = send_from(acme, "unknown")
    assert browser_of(name).post(act(item, verb)).status_code == status
    assert the_item().state == "unknown"


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("pending", {"Cancel"}),
        ("sending", set()),
        ("unknown", {"It was sent", "It was not sent", "Send again"}),
        ("failed", {"Send again"}),
        ("sent", set()),
    ],
)
def test_only_what_fits_is_offered(state: str, offered: set[str], acme: Rows, browser_of: LogIn) -> None:
    item = send_from(acme, state)
    text = browser_of("alice").get(f"{OUTBOX}{item.pk}/change/").content.decode()
    verbs = {"Cancel", "It was sent", "It was not sent", "Send again"}
    assert {verb for verb in verbs if f">{verb}<" in text or f"{verb}\n" in text} == offered


def test_the_list_tells_state_and_reason_and_no_text(acme: Rows, browser_of: LogIn) -> None:
    send_from(acme, "failed", error="no such number")
    text = browser_of("bob").get(OUTBOX).content.decode()
    assert "no such number" in text
    assert "segredo" not in text
    assert "no such number" not in browser_of("charlie").get(OUTBOX).content.decode()


def test_nothing_is_added_or_deleted_by_hand(acme: Rows, browser_of: LogIn) -> None:
    item = send_from(acme, "failed")
    assert browser_of("root").get(f"{OUTBOX}add/").status_code == 403
    assert browser_of("root").get(f"{OUTBOX}{item.pk}/delete/").status_code == 403
