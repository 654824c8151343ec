from datetime import timedelta

import pytest

from accounts.backoff import wait_after

STEPS = (timedelta(seconds=10), timedelta(minutes=1))
DAY = timedelta(days=1)


def middle(low: float, high: float) -> float:
    return (low + high) / 2


@pytest.mark.parametrize(("attempts", "wait"), [(1, STEPS[0]), (2, STEPS[1]), (3, DAY), (0, DAY), (900, DAY)])
def test_each_attempt_has_its_step_and_then_the_last_word(attempts: int, wait: timedelta) -> None:
    assert wait_after(attempts, STEPS, then=DAY, chance=middle) == wait


def test_a_server_that_asks_for_more_time_gets_it_and_one_that_asks_for_less_does_not() -> None:
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    assert wait_after(1, STEPS, then=DAY, chance=middle, asked=hour) == hour
    assert wait_after(1, STEPS, then=DAY, chance=middle, asked=second) == STEPS[0]


def test_chance_spreads_what_failed_together() -> None:
    waits = [wait_after(1, STEPS, then=DAY, chance=chance) for chance in (min, max)]
    assert waits == [timedelta(seconds=9), timedelta(seconds=11)]
