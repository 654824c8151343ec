"""Sends whose worker was killed: what proves that they never left, and what a person decides."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import WhatsappInstance
from messaging.models import Conversation, Message, OutboxItem, StatusChange, WebhookEvent
from messaging.services import sending
from messaging.services.sending import NotSendable
from tests.messaging.outgoing import (
    claimed,
    deliver,
    no_pace,  # noqa: F401
    outbound,
    said_by_us,
    say,
    talk_with,
    the_item,
)
from tests.simulator.server import Simulator
from tests.telling import composer, make_wapi, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pace")]

State = OutboxItem.State


@pytest.fixture
def wapi(db: None) -> WhatsappInstance:
    return make_wapi()


@pytest.fixture
def chat(wapi: WhatsappInstance) -> Conversation:
    return talk_with(wapi)


def lately_killed(chat: Conversation, settings: Settings) -> OutboxItem:
    """The worker ended; another found the item and waits for the echo."""
    settings.SEND_SETTLE_SECONDS = 60
    say(chat)
    return claimed()


def report_on_another(chat: Conversation) -> None:
    """The line tells what becomes of what leaves it."""
    other = said_by_us(chat, status="delivered")
    facts = {"instance": chat.instance, "conversation": chat, "action": "message", "state": "sent"}
    OutboxItem.objects.create(message=other, **facts)


def hear(instance: WhatsappInstance, item: OutboxItem, state: str = "processed", seconds: float = 1) -> None:
    assert item.asked_at
    event = store(instance, b"{}")
    WebhookEvent.objects.filter(pk=event.pk).update(
        state=state, received_at=item.asked_at + timedelta(seconds=seconds)
    )


def test_a_killed_send_that_the_line_does_not_show_never_left_and_goes(
    sim: Simulator, chat: Conversation, settings: Settings
) -> None:
    composer(sim.world, chat.instance)
    item = lately_killed(chat, settings)
    report_on_another(chat)
    hear(chat.instance, item)
    deliver()
    deliver(timezone.now() + timedelta(seconds=2))
    assert (OutboxItem.objects.get(pk=item.pk).state, len(sim.world.sent)) == ("sent", 1)


@pytest.mark.parametrize("missing", ["reports", "webhooks", "later", "unread", "failed", "stranger", "grace"])
def test_without_proof_a_killed_send_waits_for_a_person(
    missing: str, sim: Simulator, chat: Conversation, settings: Settings
) -> None:
    item = lately_killed(chat, settings)
    if missing != "reports":
        report_on_another(chat)
    if missing != "webhooks":
        hear(chat.instance, item, seconds=30 if missing == "later" else 1)
    if missing in ("unread", "failed"):
        hear(chat.instance, item, "pending" if missing == "unread" else "failed", 10)
    if missing == "stranger":
        facts = {"provider_message_id": "E9", "status": "sent", "occurred_at": timezone.now()}
        StatusChange.objects.create(instance=chat.instance, **facts)
    if missing == "grace":
        settings.SEND_SETTLE_SECONDS = 600
    for seconds in (0, 2, 4):
        deliver(timezone.now() + timedelta(seconds=seconds))
    item.refresh_from_db()
    assert (item.state, item.doubt, sim.world.sent) == ("unknown", "killed", [])
    assert item.message.__class__.objects.get(pk=item.message_id).status == "unknown"


def test_what_comes_after_it_waits_until_the_webhooks_are_read(
    sim: Simulator, chat: Conversation, settings: Settings
) -> None:
    composer(sim.world, chat.instance)
    item = lately_killed(chat, settings)
    say(chat, "afterwards")
    report_on_another(chat)
    hear(chat.instance, item)
    hear(chat.instance, item, "pending", 10)
    for seconds in (0, 1, 2, 3, 4):
        deliver(timezone.now() + timedelta(seconds=seconds))
    assert sim.world.sent == []
    WebhookEvent.objects.update(state="processed")
    for seconds in (6, 8, 10):
        deliver(timezone.now() + timedelta(seconds=seconds))
    assert [one.body["message"] for one in sim.world.sent] == [item.message.text, "afterwards"]


def test_a_person_sends_it_again(sim: Simulator, chat: Conversation) -> None:
    composer(sim.world, chat.instance)
    say(chat)
    claimed()
    deliver()
    item = sending.send_again(the_item(), now=timezone.now())
    assert (item.state, item.attempts, item.asked_at, item.doubt, item.error) == ("pending", 0, None, "", "")
    assert outbound() == [(None, "queued")]
    deliver()
    assert (the_item().state, len(sim.world.sent)) == ("sent", 1)


def test_a_person_saw_that_it_was_sent(chat: Conversation) -> None:
    say(chat)
    OutboxItem.objects.update(state="unknown")
    Message.objects.update(status="unknown")
    item = sending.settle(the_item(), was_sent=True, now=timezone.now())
    assert (item.state, outbound()) == ("sent", [(None, "sent")])


def test_a_person_saw_that_it_was_not_sent(chat: Conversation) -> None:
    say(chat)
    OutboxItem.objects.update(state="unknown")
    Message.objects.update(status="unknown")
    item = sending.settle(the_item(), was_sent=False, now=timezone.now())
    message = Message.objects.get()
    assert (item.state, message.status, message.error) == ("failed", "failed", item.error)
    assert message.failed_at is not None
    sending.send_again(item, now=timezone.now())
    message.refresh_from_db()
    assert (message.status, message.error, message.failed_at) == ("queued", "", None)


def test_what_waits_can_be_cancelled_and_lets_the_next_go(sim: Simulator, chat: Conversation) -> None:
    composer(sim.world, chat.instance)
    say(chat, "first")
    say(chat, "second")
    item = sending.cancel(OutboxItem.objects.earliest("id"), now=timezone.now())
    assert (item.state, item.message.__class__.objects.get(pk=item.message_id).error) == ("cancelled",) * 2
    deliver()
    assert [one.body["message"] for one in sim.world.sent] == ["second"]


@pytest.mark.parametrize(
    ("act", "states"),
    [
        (lambda item: sending.send_again(item, now=timezone.now()), {"failed", "unknown"}),
        (lambda item: sending.cancel(item, now=timezone.now()), {"pending"}),
        (lambda item: sending.settle(item, was_sent=True, now=timezone.now()), {"unknown"}),
        (lambda item: sending.settle(item, was_sent=False, now=timezone.now()), {"unknown"}),
    ],
    ids=["again", "cancel", "sent", "not sent"],
)
def test_a_person_decides_only_where_there_is_something_to_decide(
    act: Any, states: set[str], chat: Conversation
) -> None:
    say(chat)
    for state in set(State.values) - states:
        OutboxItem.objects.update(state=state)
        with pytest.raises(NotSendable) as refused:
            act(the_item())
        assert (refused.value.code, the_item().state) == ("too_late", state)


def test_what_was_decided_meanwhile_is_not_decided_again(chat: Conversation) -> None:
    say(chat)
    stale = the_item()
    OutboxItem.objects.update(state="sending")
    with pytest.raises(NotSendable):
        sending.cancel(stale, now=timezone.now())
    assert the_item().state == "sending"
