"""How bringing files does, for screens: by hour, by cause, by strategy, and how long it takes.

Every figure reads a window of time along an index, and the window is shorter where more files lie in it than it says.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncHour

from accounts.counting import counts_up_to
from accounts.models import WhatsappInstance
from accounts.reach import Reach
from accounts.windows import Window, window_over
from media.models import FetchAttempt, MediaFile

MOST_FILES = 10_000
MOST_TIMED = 2_000
MOST_ATTEMPTS = 10_000

State = MediaFile.State


@dataclass(frozen=True, slots=True)
class Rate:
    """How often one strategy of one line brought a file."""

    instance_id: int
    strategy: str
    attempts: int
    ok: int

    @property
    def share(self) -> float:
        return self.ok / self.attempts if self.attempts else 0.0


@dataclass(frozen=True, slots=True)
class Timed:
    """One file that came: when it was told of, and how many seconds later it was here."""

    instance_id: int
    strategy: str
    told_at: datetime
    seconds: float


def files_by_hour(reach: Reach, *, since: datetime) -> tuple[Window, list[tuple[datetime, str, int]]]:
    """Hour, state and how many."""
    window = window_over(MediaFile.objects.all(), "created_at", since=since, most=MOST_FILES)
    rows = reach.narrow(MediaFile.objects.filter(created_at__gte=window.since)).order_by()
    hours = rows.annotate(hour=TruncHour("created_at", tzinfo=UTC)).values_list("hour", "state")
    return window, list(hours.annotate(n=Count("pk")))


def rates(reach: Reach, *, since: datetime) -> list[Rate]:
    """What was here already says nothing of the ways to a file, so it is left out."""
    window = window_over(FetchAttempt.objects.all(), "started_at", since=since, most=MOST_ATTEMPTS)
    asked = FetchAttempt.objects.filter(
        started_at__gte=window.since, strategy__in=WhatsappInstance.STRATEGIES
    )
    groups = reach.narrow(asked, "media_file__instance").order_by()
    ok = Count("pk", filter=Q(outcome=FetchAttempt.Outcome.OK))
    counted = groups.values_list("media_file__instance", "strategy").annotate(attempts=Count("pk"), ok=ok)
    return [Rate(*row) for row in counted]


def times(reach: Reach, *, since: datetime) -> list[Timed]:
    """The newest files that came, the newest first."""
    ready = MediaFile.objects.filter(created_at__gte=since, state=State.READY, ready_at__isnull=False)
    asked = reach.narrow(ready.filter(strategy__in=WhatsappInstance.STRATEGIES))
    values = asked.order_by("-created_at", "-id").values_list(
        "instance", "strategy", "created_at", "ready_at"
    )
    return [
        Timed(instance, strategy, told_at, max(0.0, (ready_at - told_at).total_seconds()))
        for instance, strategy, told_at, ready_at in values[:MOST_TIMED]
    ]


def quantile(seconds: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of them do not exceed; they come sorted."""
    return seconds[max(0, ceil(share * len(seconds)) - 1)]


def grouped(times: Iterable[Timed], *names: str) -> dict[tuple[Any, ...], list[float]]:
    """Sorted seconds by what the files have in common."""
    found: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for one in times:
        found[tuple(getattr(one, name) for name in names)].append(one.seconds)
    return {key: sorted(seconds) for key, seconds in found.items()}


@dataclass(frozen=True, slots=True)
class Counted:
    """``number`` is at most one more than the cap."""

    word: str
    number: int


def by_state(reach: Reach, *, cap: int) -> list[Counted]:
    """Each state along its index, no further than the cap."""
    return _each(MediaFile.objects.all(), reach, "state", [state.value for state in State], cap)


def by_cause(reach: Reach, *, cap: int) -> list[Counted]:
    """Why files are not here, the most frequent first."""
    causes = [cause.value for cause in MediaFile.Cause]
    found = _each(MediaFile.objects.exclude(cause=""), reach, "cause", causes, cap)
    return sorted((one for one in found if one.number), key=lambda one: -one.number)


def _each(rows: Any, reach: Reach, name: str, words: Sequence[str], cap: int) -> list[Counted]:
    parts = [reach.narrow(rows.filter(**{name: word})) for word in words]
    return [Counted(word, number) for word, number in zip(words, counts_up_to(cap, parts), strict=True)]
