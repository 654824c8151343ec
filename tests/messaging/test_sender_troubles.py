"""Sends that are refused, unanswered, held back or interrupted, and the pace that lines keep."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import WhatsappInstance
from messaging.models import Conversation, Message, OutboxItem, SendingLine
from messaging.services import sending
from tests.messaging.outgoing import (  # noqa: F401 - fixtures
    chat,
    claimed,
    deliver,
    later,
    line_at,
    no_pace,
    picture,
    queue,
    said_by_them,
    said_by_us,
    say,
    talk_with,
    texts,
    the_item,
    trouble,
)
from tests.simulator.server import Simulator
from tests.telling import ANA, BETO, CAIO, CLOUD_ID, composer, make_cloud, make_wapi, tell

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pace")]


def test_what_is_refused_for_good_fails_and_lets_the_next_go(sim: Simulator, chat: Conversation) -> None:
    trouble(sim, status=400, body='{"error": {"code": 100, "message": "no such number"}}', times=1)
    first, second = say(chat, "first"), say(chat, "second")
    deliver()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, "no such number" in first.error) == ("failed", True)
    assert (second.status, texts(sim)) == ("sent", ["second"])


def test_what_nobody_answered_is_unknown_and_never_sent_again(sim: Simulator, chat: Conversation) -> None:
    trouble(sim, accepts=True, hang_up=True, times=1)
    message = say(chat)
    deliver()
    later(hours=30)
    item = the_item()
    message.refresh_from_db()
    assert (item.state, item.doubt, message.status) == ("unknown", "unanswered", "unknown")
    assert (item.asked_at is not None, len(sim.world.sent)) == (True, 1)


def test_what_comes_after_an_unknown_one_waits_for_its_grace_only(
    sim: Simulator, chat: Conversation, settings: Settings
) -> None:
    trouble(sim, accepts=True, hang_up=True, times=1)
    say(chat, "first")
    say(chat, "second")
    deliver()
    later(seconds=settings.SEND_SETTLE_SECONDS - 5)
    assert texts(sim) == ["first"]
    later(seconds=settings.SEND_SETTLE_SECONDS + 5)
    assert texts(sim) == ["first", "second"]


def test_what_never_reached_the_provider_is_tried_again(sim: Simulator, chat: Conversation) -> None:
    trouble(sim, status=500, times=2)
    say(chat)
    for attempt in (1, 2):
        later(minutes=attempt)
        assert (the_item().state, the_item().attempts, the_item().asked_at) == ("pending", attempt, None)
    later(minutes=9)
    assert (the_item().state, texts(sim)) == ("sent", ["bom dia"])


def test_the_provider_says_when_to_come_back(sim: Simulator, chat: Conversation) -> None:
    trouble(sim, status=429, retry_after="700", times=1)
    say(chat)
    now = timezone.now()
    deliver(now)
    assert the_item().next_attempt_at == now + timedelta(seconds=700)
    line = SendingLine.objects.get()
    assert (line.next_at, line.failures) == (now + timedelta(seconds=700), 1)


def test_after_a_day_of_trouble_it_fails(sim: Simulator, chat: Conversation) -> None:
    trouble(sim, status=500)
    say(chat)
    began = now = timezone.now()
    while the_item().state == "pending":
        now = (
            max(the_item().next_attempt_at, SendingLine.objects.get().next_at or now)
            if the_item().attempts
            else now
        )
        deliver(now)
    message = Message.objects.get()
    assert timedelta(hours=20) < now - began < timedelta(hours=25)
    assert (the_item().state, message.status, message.error[:8]) == ("failed", "failed", "given up")


def test_a_line_that_is_down_rests_raises_an_alarm_and_burns_no_attempts(
    sim: Simulator, instance: WhatsappInstance
) -> None:
    line = line_at(sim, instance)
    line.token = "another"
    say(talk_with(instance))
    say(talk_with(instance, BETO))
    now = timezone.now()
    deliver(now)
    instance.refresh_from_db()
    assert instance.alarm
    assert set(OutboxItem.objects.values_list("state", "attempts")) == {("pending", 0)}
    assert SendingLine.objects.get().next_at == now + timedelta(minutes=5 * len(sim.world.requests))
    asked = len(sim.world.requests)
    deliver(now + timedelta(minutes=4))
    assert len(sim.world.requests) == asked
    line.token = instance.token
    deliver(now + timedelta(minutes=11))
    instance.refresh_from_db()
    assert (len(sim.world.sent), instance.alarm) == (2, "")


def test_a_line_that_is_connected_again_goes_on_at_once(sim: Simulator) -> None:
    instance = make_wapi()
    line = line_at(sim, instance)
    line.connected = False
    say(talk_with(instance))
    deliver()
    assert (texts(sim), the_item().state) == ([], "pending")
    line.connected = True
    tell(instance, composer(sim.world, instance).connected())
    deliver()
    assert texts(sim) == ["bom dia"]


def test_w_apis_lines_keep_their_pace(sim: Simulator, settings: Settings) -> None:
    settings.WAPI_SEND_SECONDS = 30
    wapi = make_wapi()
    line_at(sim, wapi)
    for person in (ANA, BETO, CAIO):
        say(talk_with(wapi, person), person.name)
    now = timezone.now()
    for seconds in (0, 29, 31, 60):
        deliver(now + timedelta(seconds=seconds))
    assert texts(sim) == ["Ana", "Beto"]
    deliver(now + timedelta(seconds=62))
    assert texts(sim) == ["Ana", "Beto", "Caio"]


def test_trouble_outlasts_the_pace_and_the_pace_outlasts_trouble(sim: Simulator, settings: Settings) -> None:
    settings.WAPI_SEND_SECONDS = 1
    wapi = make_wapi()
    line_at(sim, wapi)
    trouble(sim, status=503, retry_after="100", times=1)
    say(talk_with(wapi), "Ana")
    now = timezone.now()
    deliver(now)
    assert SendingLine.objects.get().next_at == now + timedelta(seconds=100)
    deliver(now + timedelta(seconds=101))
    assert SendingLine.objects.get().next_at == now + timedelta(seconds=102)


def test_a_bug_is_told_without_what_was_written(
    sim: Simulator, chat: Conversation, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    message = said_by_them(chat)
    sending.react(message, "👍", by=None, now=timezone.now())
    OutboxItem.objects.update(content={"emoji": {"segredo": [1]}}, action="message")
    Message.objects.update(type="contacts", payload={"contacts": [{"segredo": 1}]})
    deliver()
    assert (the_item().state, the_item().doubt) == ("unknown", "unanswered")
    told = caplog.text + "".join(capsys.readouterr())
    assert "KeyError" in told
    assert "segredo" not in told


def test_a_receipt_waits_for_no_pace(sim: Simulator, settings: Settings) -> None:
    settings.WAPI_SEND_SECONDS = 30
    wapi = make_wapi()
    line_at(sim, wapi)
    conversation = talk_with(wapi)
    said_by_them(conversation)
    say(conversation)
    deliver()
    sending.mark_read(conversation, by=None, now=timezone.now())
    deliver()
    assert len(sim.world.seen("read-message")) == 1


def test_so_many_to_one_person_as_meta_takes_and_not_more(sim: Simulator) -> None:
    cloud = make_cloud()
    line_at(sim, cloud)
    sim.world.pair_limit = 45
    conversation = talk_with(cloud)
    for number in range(47):
        say(conversation, str(number))
    now = timezone.now()
    deliver(now)
    assert (len(sim.world.sent), len(sim.world.seen("messages"))) == (45, 45)
    waiting = OutboxItem.objects.filter(state="pending").earliest("id")
    assert (waiting.attempts, waiting.next_attempt_at) == (0, now + timedelta(seconds=270))


def test_a_file_of_a_killed_worker_s_reaction_simply_goes_again(sim: Simulator, chat: Conversation) -> None:
    sending.react(said_by_them(chat), "👍", by=None, now=timezone.now())
    claimed()
    deliver()
    assert (the_item().state, len(sim.world.sent)) == ("sent", 1)


def test_what_was_claimed_and_never_asked_for_goes_again(sim: Simulator, chat: Conversation) -> None:
    say(chat)
    claimed()
    OutboxItem.objects.update(asked_at=None)
    deliver()
    assert (the_item().state, len(sim.world.sent)) == ("sent", 1)


def test_a_switched_off_line_sends_nothing_until_it_is_on(sim: Simulator, chat: Conversation) -> None:
    say(chat)
    WhatsappInstance.objects.update(is_active=False)
    deliver()
    assert texts(sim) == []
    WhatsappInstance.objects.update(is_active=True)
    deliver()
    assert texts(sim) == ["bom dia"]


def test_secrets_that_cannot_be_read_make_the_line_rest(sim: Simulator, settings: Settings) -> None:
    instance = make_cloud(None, CLOUD_ID)
    line_at(sim, instance)
    say(talk_with(instance))
    settings.FIELD_ENCRYPTION_KEYS = ["dGhpcyBpcyBhbm90aGVyIGtleSBvZiAzMiBieXRlcyE="]
    deliver()
    instance = WhatsappInstance.objects.sealed().get()
    assert (the_item().state, the_item().attempts, bool(instance.alarm)) == ("pending", 0, True)
