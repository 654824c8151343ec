"""Silence is told from chance, on lines of every temper; generated traffic, no clock and no database."""

import math
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from messaging.services.gaps.habits import HOUR, NEW_LINE, SHORTEST, WEEK, Habit, habit_of

# A Monday.
START = datetime(2026, 8, 3, tzinfo=UTC)
NOW = START + 8 * WEEK
LOOK = timedelta(minutes=15)
Traffic = list[datetime]


def office(at: datetime) -> float:
    """Conversations an hour: weekdays from 8 to 18, less at noon."""
    if at.weekday() > 4 or not 8 <= at.hour < 18:
        return 0
    return 8 if at.hour == 12 else 20


def round_the_clock(at: datetime) -> float:
    return 30 + 25 * math.sin((at.hour - 8) / 24 * 2 * math.pi)


def shop(at: datetime) -> float:
    """Evenings and weekends."""
    return 12 if at.weekday() > 4 and 10 <= at.hour < 22 else 5 if 17 <= at.hour < 22 else 0.2


def quiet(at: datetime) -> float:
    """A few conversations a day."""
    return 0.5 if 8 <= at.hour < 20 else 0


TEMPERS = {"office": (office, 6), "clock": (round_the_clock, 1), "shop": (shop, 8), "quiet": (quiet, 5)}


@cache
def traffic(temper: str, weeks: int = 8, seed: int = 1) -> Traffic:
    """Conversations come by chance; each is a burst of events within some minutes."""
    rate, burst = TEMPERS[temper]
    dice, found = random.Random(f"{temper} {seed}"), []
    for number in range(weeks * 168):
        hour = START + number * HOUR
        for _ in range(_poisson(dice, rate(hour))):
            begin = hour + dice.random() * HOUR
            found += [
                begin + timedelta(seconds=dice.expovariate(1 / 200)) for _ in range(_burst(dice, burst))
            ]
    return sorted(found)


def _poisson(dice: random.Random, mean: float) -> int:
    count, left = 0, math.exp(-mean)
    product = dice.random()
    while product > left:
        count, product = count + 1, product * dice.random()
    return count


def _burst(dice: random.Random, mean: int) -> int:
    return 1 + int(dice.expovariate(1 / mean)) if mean > 1 else 1


def hours(events: Traffic) -> Counter[datetime]:
    return Counter(START + (at - START) // HOUR * HOUR for at in events)


def alarms(events: Traffic, since: datetime, until: datetime) -> Iterator[datetime]:
    """When somebody would have been called; what is usual is learned anew each day."""
    now, place, heard, habit, counts = since, 0, START, Habit(), hours(events)
    while now < until:
        if not habit.weeks or now.hour == now.minute == 0:
            habit = habit_of({hour: count for hour, count in counts.items() if hour < now}, now=now)
        while place < len(events) and events[place] <= now:
            heard, place = events[place], place + 1
        if habit.misses(heard, now):
            yield now
        now += LOOK


@pytest.mark.parametrize("temper", TEMPERS)
def test_nights_weekends_and_lulls_are_no_alarm(temper: str) -> None:
    """From its second day on."""
    assert list(alarms(traffic(temper, weeks=5), START + timedelta(days=1), START + 5 * WEEK)) == []


@pytest.mark.parametrize(
    ("temper", "at", "within"),
    [
        ("clock", timedelta(hours=10), timedelta(hours=1)),
        ("clock", timedelta(hours=3), timedelta(hours=6)),
        ("office", timedelta(hours=9), timedelta(hours=3)),
        ("office", timedelta(days=4, hours=17), timedelta(days=3)),
        ("shop", timedelta(days=5, hours=11), timedelta(hours=8)),
    ],
    ids=str,
)
def test_a_line_that_falls_silent_is_noticed(temper: str, at: timedelta, within: timedelta) -> None:
    cut = START + 7 * WEEK + at
    events = [event for event in traffic(temper) if event < cut]
    noticed = next(alarms(events, cut - timedelta(days=1), cut + timedelta(days=7)))
    assert SHORTEST <= noticed - cut <= within


def test_a_new_line_is_left_in_peace() -> None:
    """A week of traffic, then a long weekend."""
    first_week = [event for event in traffic("office") if event < START + timedelta(days=4, hours=15)]
    habit = habit_of(hours(first_week), now=START + timedelta(days=6))
    assert not habit.is_known
    assert not habit.misses(first_week[-1], first_week[-1] + timedelta(days=3))
    assert habit.misses(first_week[-1], first_week[-1] + NEW_LINE + HOUR)


@pytest.mark.parametrize("shift", [-1, 1])
def test_an_hour_earlier_or_later_is_no_alarm(shift: int) -> None:
    """As where clocks are changed."""
    change = START + 7 * WEEK
    moved = [at if at < change else at + shift * HOUR for at in traffic("office")]
    assert list(alarms(sorted(moved), change, change + timedelta(days=7))) == []


def test_a_known_gap_does_not_teach_that_silence_is_usual() -> None:
    gap = (START + 5 * WEEK, START + 7 * WEEK)
    events = [at for at in traffic("clock") if not gap[0] <= at < gap[1]]
    deaf = habit_of(hours(events), now=NOW)
    told = habit_of(hours(events), now=NOW, gaps=[gap])
    monday = (NOW + 10 * HOUR, NOW + 11 * HOUR)
    assert deaf.expected(*monday) < 5 < told.expected(*monday)


def test_what_is_expected_goes_by_the_part_of_an_hour() -> None:
    habit = Habit((0.0, 60.0, 30.0) + (0.0,) * 165, weeks=4)
    monday = datetime(2026, 8, 3, tzinfo=UTC)
    assert habit.expected(monday + 1.5 * HOUR, monday + 2.5 * HOUR) == pytest.approx(45)
    assert habit.expected(monday + WEEK + 1.5 * HOUR, monday + WEEK + 2 * HOUR) == pytest.approx(30)


def test_bursts_are_measured() -> None:
    alone, together = (habit_of(hours(traffic(temper)), now=NOW) for temper in ("clock", "shop"))
    assert alone.burst < 2
    assert together.burst > 5


def test_no_traffic_is_no_habit() -> None:
    assert habit_of({}, now=NOW) == Habit()
