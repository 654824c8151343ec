"""Gaps of a line: when they begin, when they end, and who is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.services import SILENT
from messaging.models import Gap, Message, Sign, TrafficHour, WebhookEvent
from messaging.services.gaps import noticing, recording
from messaging.services.gaps.noticing import LOOKED, Noticing
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.world import World
from tests.telling import ANA, composer, make_cloud, make_wapi, process, store, tell

pytestmark = pytest.mark.django_db

# A Wednesday noon.
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def busy(line: WhatsappInstance, weeks: int = 5, count: int = 60) -> WhatsappInstance:
    """Around the clock, up to an hour ago."""
    line.last_event_at = NOW - HOUR
    line.status = "connected"
    line.save()
    first = NOW - weeks * 168 * HOUR
    TrafficHour.objects.bulk_create(
        TrafficHour(instance=line, hour=first + number * HOUR, events=count) for number in range(weeks * 168)
    )
    return line


@pytest.fixture
def line() -> WhatsappInstance:
    return busy(make_wapi())


def look(at: datetime = NOW, before: datetime | None = None) -> int:
    return Noticing().look(at, before=before or at - MINUTE)


def the_gap() -> Gap:
    return Gap.objects.get()


def heard(line: WhatsappInstance, at: datetime, **facts: Any) -> None:
    WebhookEvent.objects.create(
        instance=line, body=b"{}", state="processed", received_at=at, processed_at=at, **facts
    )
    WhatsappInstance.objects.heard_from(line.pk, at)


def test_a_busy_line_that_falls_silent_gets_a_gap_and_an_alarm(line: WhatsappInstance) -> None:
    assert look() == 1
    gap = the_gap()
    assert (gap.why, gap.started_at, gap.ended_at, gap.expected) == ("silent", NOW - HOUR, None, 60)
    assert gap.ask_at == NOW
    line.refresh_from_db()
    assert (line.alarm, line.alarm_at) == (SILENT, NOW)


def test_it_is_noticed_once(line: WhatsappInstance) -> None:
    assert (look(), look(NOW + MINUTE)) == (1, 0)
    assert Gap.objects.count() == 1


def test_the_first_event_ends_it_and_the_alarm(line: WhatsappInstance) -> None:
    look()
    heard(line, NOW + HOUR)
    heard(line, NOW + 2 * HOUR)
    assert look(NOW + 3 * HOUR) == 1
    gap = the_gap()
    assert (gap.ended_at, gap.ask_at) == (NOW + HOUR, NOW + 3 * HOUR + recording.ASK_AFTER)
    line.refresh_from_db()
    assert line.alarm == ""


def test_another_alarm_is_not_taken_away(line: WhatsappInstance) -> None:
    look()
    WhatsappInstance.objects.update(alarm="The subscription ended.")
    heard(line, NOW + HOUR)
    look(NOW + 2 * HOUR)
    line.refresh_from_db()
    assert line.alarm == "The subscription ended."


def test_what_was_taken_in_does_not_end_it(line: WhatsappInstance) -> None:
    look()
    store(line, b"{}")
    WebhookEvent.objects.update(source="backfill", received_at=NOW + HOUR)
    process(NOW + HOUR)
    look(NOW + HOUR + MINUTE)
    assert the_gap().ended_at is None


def test_a_check_that_finds_it_connected_does_not_make_it_talk(line: WhatsappInstance) -> None:
    look()
    WhatsappInstance.objects.update(alarm="", alarm_at=None)
    look(NOW + MINUTE)
    line.refresh_from_db()
    assert line.alarm == SILENT


def test_a_line_whose_webhooks_wait_to_be_read_is_not_silent(line: WhatsappInstance) -> None:
    store(line, b"{}")
    assert look() == 0


def test_the_cloud_api_is_not_asked() -> None:
    busy(make_cloud())
    look()
    assert the_gap().ask_at is None


@pytest.mark.parametrize(("weeks", "count"), [(1, 60), (5, 1)])
def test_new_and_quiet_lines_are_left_in_peace(weeks: int, count: int) -> None:
    busy(make_wapi(), weeks, count)
    assert look() == 0


def test_a_line_that_is_switched_off_is_not_looked_at(line: WhatsappInstance) -> None:
    look()
    WhatsappInstance.objects.update(is_active=False)
    look(NOW + HOUR)
    assert (the_gap().ended_at, the_gap().ask_at) == (NOW + HOUR, None)


def test_a_line_that_is_disconnected_gets_a_gap_while_it_is(line: WhatsappInstance) -> None:
    WhatsappInstance.objects.update(status="disconnected", status_changed_at=NOW - HOUR)
    assert look() == 1
    assert (the_gap().why, the_gap().started_at, the_gap().ask_at) == ("disconnected", NOW - HOUR, None)
    WhatsappInstance.objects.update(
        status="connected", status_changed_at=NOW + HOUR, last_event_at=NOW + HOUR
    )
    look(NOW + HOUR + MINUTE)
    assert the_gap().ended_at == NOW + HOUR
    assert the_gap().ask_at is not None


def test_a_short_disconnection_is_no_gap(line: WhatsappInstance) -> None:
    WhatsappInstance.objects.update(status="disconnected", status_changed_at=NOW - MINUTE)
    assert look() == 0


def test_webhooks_that_went_elsewhere_are_a_gap(line: WhatsappInstance) -> None:
    line.webhooks_astray, line.webhooks_read_at, line.last_event_at = True, NOW, NOW - 10 * MINUTE
    line.save()
    look()
    assert (the_gap().why, the_gap().started_at) == ("webhooks_astray", NOW - 10 * MINUTE)
    line.webhooks_astray, line.webhooks_read_at = False, NOW + HOUR
    line.last_event_at = NOW + HOUR
    line.save()
    look(NOW + HOUR + MINUTE)
    assert the_gap().ended_at == NOW + HOUR


def test_a_time_in_which_nothing_of_ours_ran_is_a_gap_of_busy_lines(line: WhatsappInstance) -> None:
    look(NOW, before=NOW - HOUR)
    gap = the_gap()
    assert (gap.why, gap.started_at, gap.ended_at, gap.expected) == ("down", NOW - HOUR, NOW, 60)
    assert gap.ask_at == NOW + recording.ASK_AFTER


def test_a_worker_that_rested_while_webhooks_came_in_is_no_gap(line: WhatsappInstance) -> None:
    store(line, b"{}")
    WebhookEvent.objects.update(received_at=NOW - HOUR / 2)
    assert look(NOW, before=NOW - HOUR) == 0


def test_after_a_rest_a_line_has_time_to_talk_again(line: WhatsappInstance) -> None:
    look(NOW, before=NOW - HOUR)
    assert look(NOW + 20 * MINUTE) == 0
    assert look(NOW + 40 * MINUTE) == 1


def test_one_worker_looks_at_a_time(line: WhatsappInstance) -> None:
    Sign.objects.create(name=LOOKED, at=NOW - 2 * MINUTE)
    found = [Noticing().turn(NOW) for _ in range(2)]
    assert len([one for one in found if one]) == 1


def test_events_are_counted_by_the_hour_and_once(world: World) -> None:
    line = make_wapi()
    bodies = [composer(world, line).text(ANA, f"oi {number}") for number in range(3)]
    tell(line, *bodies)
    WebhookEvent.objects.update(state="pending")
    process()
    assert [row.events for row in TrafficHour.objects.all()] == [3]


def late_gap(line: WhatsappInstance, hours: int = 5) -> Gap:
    now = timezone.now()
    return Gap.objects.create(
        instance=line, why="silent", started_at=now - hours * HOUR, ended_at=now - HOUR, noticed_at=now
    )


@pytest.mark.parametrize(("ago", "counted"), [(3, 1), (8, 0)])
def test_messages_of_a_gap_that_come_late_are_counted_there(ago: int, counted: int, world: World) -> None:
    line = make_wapi()
    gap = late_gap(line)
    at = int((timezone.now() - ago * HOUR).timestamp())
    body = composer(world, line).text(ANA, "oi") | {"moment": at}
    tell(line, body)
    tell(line, body)
    gap.refresh_from_db()
    assert (gap.taken_in, Message.objects.count()) == (counted, 1)


def test_messages_that_come_at_once_are_not_late(world: World) -> None:
    line = make_wapi()
    gap = Gap.objects.create(instance=line, why="silent", started_at=timezone.now() - HOUR)
    compose = composer(world, line)
    assert isinstance(compose, WapiComposer)
    tell(line, compose.text(ANA, "oi"))
    gap.refresh_from_db()
    assert gap.taken_in == 0


def test_habits_are_remembered_for_a_while(line: WhatsappInstance) -> None:
    found = Noticing()
    before = found.habit(line, NOW)
    TrafficHour.objects.all().delete()
    assert found.habit(line, NOW) is before
    assert noticing.HABIT_LASTS > 60
