"""Looks at every line once a minute: which are down, deaf or silent, and which are back."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from accounts.models import WhatsappInstance
from accounts.services import SILENT, lower_alarm, raise_alarm
from messaging.models import Gap, WebhookEvent
from messaging.services import signs
from messaging.services.gaps.habits import SHORTEST, Habit
from messaging.services.gaps.recording import begin, end
from messaging.services.gaps.traffic import habit

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
LOOK_SECONDS = 15.0
# A line that reconnects by itself within this time was not away.
PATIENCE = timedelta(minutes=2)
# Without any worker for so long, whether a web server ran is asked too.
NOBODY_WORKED = timedelta(minutes=10)
HABIT_LASTS = 6 * 3600.0
LOOKED, AWAKE = "looking for gaps", "awake since"
NEWEST = 1000
Why, Status = Gap.Why, WhatsappInstance.Status
FIELDS = ("status", "status_changed_at", "last_event_at", "webhooks_astray", "webhooks_read_at", "alarm")


Find = Callable[[str], Gap | None]


@dataclass
class Noticing:
    """Habits change slowly and are remembered for some hours."""

    _looked_at: float = float("-inf")
    _habits: dict[int, tuple[float, Habit]] = field(default_factory=dict)

    def turn(self, now: datetime) -> int:
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return 0
        self._looked_at = time.monotonic()
        before = signs.my_turn(LOOKED, EVERY, now)
        return self.look(now, before=before) if before else 0

    def look(self, now: datetime, *, before: datetime) -> int:
        """How many gaps began or ended. ``before`` is when somebody looked last."""
        lines = list(WhatsappInstance.objects.reachable().only("provider", "client", "created_at", *FIELDS))
        changed = 0
        if now - before > NOBODY_WORKED:
            changed += self._after_a_rest(lines, before, now)
        awake = signs.last(AWAKE)
        known = {(gap.instance_id, gap.why): gap for gap in Gap.objects.filter(ended_at=None)}
        for line in lines:
            changed += self._look_at(line, partial(_find, known, line), awake, now)
        return changed + _end_those_switched_off(known, {line.pk for line in lines}, now)

    def habit(self, line: WhatsappInstance, now: datetime) -> Habit:
        learned_at, found = self._habits.get(line.pk, (float("-inf"), Habit()))
        if time.monotonic() - learned_at > HABIT_LASTS:
            found = habit(line.pk, now=now)
            self._habits[line.pk] = (time.monotonic(), found)
        return found

    def _look_at(self, line: Any, find: Find, awake: datetime | None, now: datetime) -> int:
        return sum(_follow(line, told, find, now) for told in _told_of(line, now)) + self._listen(
            line, find, awake, now
        )

    def _listen(self, line: Any, find: Find, awake: datetime | None, now: datetime) -> int:
        heard, gap = line.last_event_at, find(Why.SILENT)
        if heard is None:
            return 0
        if gap:
            if heard <= gap.started_at:
                _alarm(line, now)
                return 0
            lower_alarm(line, SILENT, now=now)
            return int(end(gap, line, at=_first_after(line, gap.started_at, heard), now=now))
        since = max(filter(None, (heard, awake)))
        if now - since < SHORTEST or find(Why.DISCONNECTED) or line.status == Status.DISCONNECTED:
            return 0
        usual = self.habit(line, now)
        if not usual.misses(since, now) or _waits(line):
            return 0
        expected = usual.expected(heard, now)
        opened = begin(line, Why.SILENT, since=heard, now=now, expected=expected)
        if opened:
            _alarm(line, now)
        return int(bool(opened))

    def _after_a_rest(self, lines: list[Any], before: datetime, now: datetime) -> int:
        """No worker ran. If no web server did either, providers found nobody."""
        signs.give(AWAKE, now)
        if _came_in(before, now):
            return 0
        noted = 0
        for line in lines:
            expected = self.habit(line, now).expected(before, now)
            gap = begin(line, Why.DOWN, since=before, now=now, expected=expected) if expected >= 1 else None
            noted += int(bool(gap) and end(gap, line, at=now, now=now)) if gap else 0
        return noted


def _told_of(line: Any, now: datetime) -> Iterator["Told"]:
    at, read = line.status_changed_at or now, line.webhooks_read_at or now
    away = line.status == Status.DISCONNECTED and at < now - PATIENCE
    yield Told(Why.DISCONNECTED, away, at, at if line.status == Status.CONNECTED else None)
    yield Told(Why.ASTRAY, line.webhooks_astray, line.last_event_at or read, read)


def _find(known: dict[tuple[int, str], Gap], line: WhatsappInstance, why: str) -> Gap | None:
    return known.get((line.pk, why))


@dataclass(frozen=True, slots=True)
class Told:
    """What a line's own row says of one reason: since when it is so, and when it was over, None if nobody knows."""

    why: Gap.Why
    is_so: bool
    since: datetime
    over_at: datetime | None


def _follow(line: Any, told: Told, find: Find, now: datetime) -> int:
    """A gap for as long as the row says so."""
    gap = find(told.why)
    if told.is_so and not gap:
        return int(bool(begin(line, told.why, since=told.since, now=now)))
    if gap and not told.is_so and told.over_at:
        return int(end(gap, line, at=told.over_at, now=now))
    return 0


def _end_those_switched_off(known: dict[tuple[int, str], Gap], lines: set[int], now: datetime) -> int:
    gone = [gap.pk for (instance, _), gap in known.items() if instance not in lines]
    return Gap.objects.filter(pk__in=gone).update(ended_at=now, ask_at=None) if gone else 0


def _alarm(line: WhatsappInstance, now: datetime) -> None:
    """Said again where a check by a person took it away, though the line is as silent as before."""
    if not line.alarm:
        raise_alarm(line, SILENT, now=now)


def _waits(line: WhatsappInstance) -> bool:
    """What came and was not read yet is no silence."""
    return WebhookEvent.objects.filter(instance=line, state=WebhookEvent.State.PENDING).exists()


def _first_after(line: WhatsappInstance, start: datetime, heard: datetime) -> datetime:
    """What came by itself first; the newest are looked through."""
    rows = WebhookEvent.objects.filter(instance=line).order_by("-id")
    times = rows.values_list("received_at", "source")[:NEWEST]
    return min((at for at, source in times if at > start and not source), default=heard)


def _came_in(since: datetime, until: datetime) -> bool:
    newest = WebhookEvent.objects.order_by("-id").values_list("received_at", flat=True)[:NEWEST]
    margin = timedelta(minutes=1)
    return any(since + margin < at < until - margin for at in newest)
