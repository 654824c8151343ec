from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import WhatsappInstance
from messaging.models import OutboxItem, SendingLine
from tests.messaging.diagnosing import instance_in_order, report, said  # noqa: F401 - fixtures
from tests.messaging.outgoing import say, talk_with

pytestmark = pytest.mark.django_db


def test_a_send_that_nobody_knows_of_needs_a_person(instance: WhatsappInstance) -> None:
    say(talk_with(instance))
    OutboxItem.objects.update(state="unknown")
    assert "nobody knows whether they were sent: 1" in said(report("--offline"), "problem")


def test_one_whose_echo_may_still_come_needs_nobody(instance: WhatsappInstance) -> None:
    say(talk_with(instance))
    OutboxItem.objects.update(state="unknown", next_attempt_at=timezone.now() + timedelta(seconds=30))
    assert "nobody knows" not in said(report("--offline"), "problem")


@pytest.mark.parametrize(("hours", "told"), [(1, True), (30, False)])
def test_failed_sends_of_the_last_day_are_told(hours: int, told: bool, instance: WhatsappInstance) -> None:
    say(talk_with(instance))
    OutboxItem.objects.update(state="failed", settled_at=timezone.now() - timedelta(hours=hours))
    assert ("that failed: 1" in said(report("--offline"), "warn")) is told


def test_a_line_that_rests_is_told_with_what_waits(instance: WhatsappInstance) -> None:
    say(talk_with(instance))
    later = timezone.now() + timedelta(minutes=5)
    SendingLine.objects.create(instance=instance, next_at=later, reason="token refused")
    text = said(report("--offline"), "warn")
    assert "token refused" in text
    assert "wait for it: 1" in text


def test_a_line_that_keeps_its_pace_is_in_order(instance: WhatsappInstance) -> None:
    SendingLine.objects.create(instance=instance, next_at=timezone.now() + timedelta(seconds=1))
    assert "rests" not in said(report("--offline"), "warn")


def test_a_worker_that_sends_is_a_worker(instance: WhatsappInstance) -> None:
    say(talk_with(instance))
    OutboxItem.objects.update(state="sent", settled_at=timezone.now())
    assert report("--offline")["worker"]["last_sign_of_life"] is not None


def test_sends_that_nobody_takes_ask_for_a_worker(instance: WhatsappInstance) -> None:
    say(talk_with(instance))
    OutboxItem.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=10))
    assert "No worker runs" in said(report("--offline"), "problem")
