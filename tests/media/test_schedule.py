from datetime import UTC, datetime, timedelta

import pytest

from media.services.schedule import DAILY, LAST_CALL, MOST_ATTEMPTS, STEPS, next_try

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONTH = NOW + timedelta(days=30)


def exactly(low: float, high: float) -> float:
    return 1.0


def wait_after(
    attempts: int, *, deadline: datetime = MONTH, retry_after: float | None = None
) -> float | None:
    found = next_try(attempts, now=NOW, deadline=deadline, chance=exactly, retry_after=retry_after)
    return (found - NOW).total_seconds() if found else None


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 10), (2, 60), (3, 300), (4, 1800), (5, 7200), (6, 43200), (7, 86400), (8, 86400), (30, 86400)],
)
def test_the_pause_grows_to_a_day(attempts: int, seconds: int) -> None:
    assert wait_after(attempts) == seconds


@pytest.mark.parametrize(("chosen", "seconds"), [("low", 9), ("high", 11)])
def test_chance_moves_the_pause_by_a_tenth(chosen: str, seconds: int) -> None:
    at = next_try(1, now=NOW, deadline=MONTH, chance=lambda low, high: low if chosen == "low" else high)
    assert at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("asked", "seconds"), [(3, 10), (90, 90), (10**9, 86400), (None, 10)])
def test_a_longer_wish_of_the_source_is_honoured_up_to_a_day(asked: float | None, seconds: int) -> None:
    assert wait_after(1, retry_after=asked) == seconds


def test_the_deadline_is_never_passed() -> None:
    deadline = NOW + timedelta(hours=3)
    assert wait_after(6, deadline=deadline) == (timedelta(hours=3) - LAST_CALL).total_seconds()


def test_right_before_the_deadline_nothing_is_tried_any_more() -> None:
    assert wait_after(6, deadline=NOW + 2 * LAST_CALL) is None
    assert wait_after(1, deadline=NOW) is None
    assert wait_after(1, deadline=NOW - DAILY) is None


def test_a_short_pause_still_fits_before_a_near_deadline() -> None:
    assert wait_after(1, deadline=NOW + timedelta(seconds=10)) == 10


def test_work_that_ends_its_workers_reaches_an_end() -> None:
    assert wait_after(MOST_ATTEMPTS - 1) is not None
    assert wait_after(MOST_ATTEMPTS) is None


def test_a_month_s_schedule_needs_fewer_attempts_than_the_cap() -> None:
    now, attempts = NOW, 0
    while now and attempts < 100:
        attempts += 1
        now = next_try(attempts, now=now, deadline=MONTH, chance=exactly)  # type: ignore[assignment]
    assert len(STEPS) < attempts < MOST_ATTEMPTS
