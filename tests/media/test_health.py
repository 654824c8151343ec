from datetime import timedelta

import pytest

from accounts.models import WhatsappInstance
from media.models import StrategyHealth
from media.services.health import FAILURES_TO_OPEN, PROBE, forget, health_of, note, open_strategies
from tests.media.ledger import NOW, media_row
from tests.telling import make_wapi

pytestmark = pytest.mark.django_db

ORDER = ["cdn", "provider", "provider_alt"]


@pytest.fixture
def line(db: None) -> WhatsappInstance:
    return make_wapi()


def fail(line: WhatsappInstance, times: int, outcome: str = "unavailable") -> None:
    for _ in range(times):
        note(line, "provider", outcome, "HTTP 500", NOW)


def tried(line: WhatsappInstance, seconds: float = 0) -> list[str]:
    states = health_of({line.pk}).get(line.pk, {})
    names, _ = open_strategies(media_row(line), ORDER, states, NOW + timedelta(seconds=seconds))
    return names


def waited_for(line: WhatsappInstance) -> list[str]:
    _, closed = open_strategies(media_row(line), ORDER, health_of({line.pk}).get(line.pk, {}), NOW)
    return [row.strategy for row in closed]


@pytest.mark.parametrize("outcome", ["unavailable", "unexpected"])
def test_a_circuit_opens_after_the_fifth_failure_in_a_row(outcome: str, line: WhatsappInstance) -> None:
    fail(line, FAILURES_TO_OPEN - 1, outcome)
    assert tried(line) == ORDER
    fail(line, 1, outcome)
    assert tried(line) == ["cdn", "provider_alt"]
    assert waited_for(line) == ["provider"]


@pytest.mark.parametrize("outcome", ["ok", "gone", "refused", "integrity"])
def test_an_answer_ends_the_row_of_failures(outcome: str, line: WhatsappInstance) -> None:
    fail(line, FAILURES_TO_OPEN - 1)
    note(line, "provider", outcome, "", NOW)
    fail(line, 1)
    assert tried(line) == ORDER


def test_an_open_circuit_is_probed_by_one_file_when_its_break_is_over(line: WhatsappInstance) -> None:
    fail(line, FAILURES_TO_OPEN)
    assert "provider" not in tried(line, 29)
    assert "provider" in tried(line, 31)
    assert "provider" not in tried(line, 32)


def test_workers_that_look_at_the_same_moment_send_one_probe(line: WhatsappInstance) -> None:
    fail(line, FAILURES_TO_OPEN)
    first, second = health_of({line.pk})[line.pk], health_of({line.pk})[line.pk]
    later, row = NOW + timedelta(seconds=31), media_row(line)
    found = [open_strategies(row, ORDER, states, later)[0] for states in (first, second)]
    assert ["provider" in names for names in found] == [True, False]


def test_a_probe_that_never_reported_is_followed_by_another(line: WhatsappInstance) -> None:
    fail(line, FAILURES_TO_OPEN)
    tried(line, 31)
    assert "provider" in tried(line, 31 + PROBE.total_seconds())


def test_a_probe_that_succeeds_closes_the_circuit(line: WhatsappInstance) -> None:
    fail(line, FAILURES_TO_OPEN)
    tried(line, 31)
    note(line, "provider", "ok", "", NOW)
    assert tried(line, 32) == ORDER
    assert not StrategyHealth.objects.exists()


def test_every_failed_probe_makes_the_break_longer_up_to_ten_minutes(line: WhatsappInstance) -> None:
    fail(line, FAILURES_TO_OPEN)
    breaks = []
    for _ in range(7):
        row = StrategyHealth.objects.get()
        assert row.closed_until
        breaks.append((row.closed_until - NOW).total_seconds())
        fail(line, 1)
    assert breaks == [30, 60, 120, 240, 480, 600, 600]


def test_the_cdn_has_no_circuit(line: WhatsappInstance) -> None:
    for _ in range(20):
        note(line, "cdn", "unavailable", "HTTP 500", NOW)
    assert tried(line) == ORDER


def test_lines_have_circuits_of_their_own(line: WhatsappInstance) -> None:
    fail(line, FAILURES_TO_OPEN)
    assert tried(make_wapi(instance_id="another")) == ORDER


def test_a_line_that_is_down_pauses_both_calls_and_raises_the_alarm(line: WhatsappInstance) -> None:
    note(line, "provider", "line_down", "Whatsapp não conectado", NOW)
    line.refresh_from_db()
    assert (line.alarm, line.alarm_at) == ("Whatsapp não conectado", NOW)
    assert tried(line) == ["cdn"]
    assert waited_for(line) == ["provider", "provider_alt"]


def test_an_alarm_keeps_its_first_time(line: WhatsappInstance) -> None:
    for minutes in (0, 5):
        note(line, "provider", "line_down", "HTTP 401", NOW + timedelta(minutes=minutes))
    line.refresh_from_db()
    assert line.alarm_at == NOW


def test_a_success_after_an_alarm_clears_it(line: WhatsappInstance) -> None:
    note(line, "provider", "line_down", "HTTP 401", NOW)
    note(line, "provider", "ok", "", NOW + timedelta(minutes=11))
    line.refresh_from_db()
    assert (line.alarm, line.status) == ("", "connected")


def test_a_call_that_the_provider_lacks_is_left_out_for_a_day_and_not_waited_for(
    line: WhatsappInstance,
) -> None:
    note(line, "provider_alt", "unsupported", "no such call", NOW)
    assert tried(line) == ["cdn", "provider"]
    assert waited_for(line) == []
    assert "provider_alt" in tried(line, 86401)


def test_somebody_who_knows_better_ends_all_breaks(line: WhatsappInstance) -> None:
    fail(line, FAILURES_TO_OPEN)
    forget({line.pk})
    assert tried(line) == ORDER
