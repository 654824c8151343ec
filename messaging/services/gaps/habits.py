"""What a line usually brings at this time of the week, and whether its silence can still be chance. Pure arithmetic.

For each hour of the week the lower quartile of the last weeks counts, and no more than its neighbours have: an hour
earlier or later, as where clocks are changed, is no alarm. Messages come in bursts, so a hundred events may be three
conversations; how far they do is measured, and the usual number divided by it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean, pvariance

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
HOURS = 168
WEEKS = 6
REMEMBERED = timedelta(weeks=WEEKS + 1)
# Before that nobody knows what is usual.
LEAST_WEEKS = 2
# So many independent arrivals that did not come: by chance once in some hundred thousand times.
SURE = 12.0
SHORTEST = timedelta(minutes=30)
# A line that nobody knows yet is silent when this long nothing came, over any weekend.
NEW_LINE = timedelta(days=4)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Habit:
    """``usual``: events of each hour of the week, from Monday 0:00 UTC. ``burst``: how many come at once. ``weeks``:
    of how many this is known."""

    usual: tuple[float, ...] = (0.0,) * HOURS
    burst: float = 1.0
    weeks: int = 0

    @property
    def is_known(self) -> bool:
        return self.weeks >= LEAST_WEEKS

    def expected(self, since: datetime, until: datetime) -> float:
        total, at = 0.0, since
        while at < until:
            end = min(floor(at) + HOUR, until)
            total += self.usual[_slot(at)] * ((end - at) / HOUR)
            at = end
        return total

    def misses(self, since: datetime, now: datetime) -> bool:
        """Whether a silence since then is one that somebody should look at."""
        lasted = now - since
        if not self.is_known:
            return lasted > NEW_LINE
        return lasted >= SHORTEST and self.expected(since, now) / self.burst >= SURE


def habit_of(hours: Mapping[datetime, int], *, now: datetime, gaps: Iterable[Span] = ()) -> Habit:
    """From events by hour; hours that lie in a known gap tell nothing."""
    if not hours:
        return Habit()
    end, first = floor(now), floor(min(hours))
    weeks = min(WEEKS, int((end - first) / WEEK))
    if not weeks:
        return Habit()
    deaf = {hour for gap in gaps for hour in _hours_of(gap)}
    slots: list[list[int]] = [[] for _ in range(HOURS)]
    for back in range(1, weeks * HOURS + 1):
        hour = end - back * HOUR
        if hour not in deaf:
            slots[_slot(hour)].append(hours.get(hour, 0))
    least = [_lower_quartile(counts) for counts in slots]
    usual = tuple(min(least[at - 1], least[at], least[(at + 1) % HOURS]) for at in range(HOURS))
    return Habit(usual, _burst(slots), weeks)


def _lower_quartile(counts: list[int]) -> float:
    """Of fewer than two weeks nothing is usual."""
    return float(sorted(counts)[len(counts) // 4]) if len(counts) >= LEAST_WEEKS else 0.0


def _burst(slots: list[list[int]]) -> float:
    """Variance over mean, which is 1 where each event comes by itself."""
    known = [counts for counts in slots if len(counts) >= LEAST_WEEKS and any(counts)]
    mean = sum(fmean(counts) for counts in known)
    spread = sum(pvariance(counts) * len(counts) / (len(counts) - 1) for counts in known)
    return max(1.0, spread / mean) if mean else 1.0


def _hours_of(gap: Span) -> Iterable[datetime]:
    hour = floor(gap[0])
    while hour < gap[1]:
        yield hour
        hour += HOUR


def floor(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _slot(at: datetime) -> int:
    utc = at.astimezone(UTC)
    return utc.weekday() * 24 + utc.hour
