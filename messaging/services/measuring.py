"""Messages by hour and by line, and what waits or has failed, for screens; nothing here reads a whole table."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, F, Min
from django.db.models.functions import TruncHour

from accounts.reach import Reach
from accounts.windows import Window, window_over
from messaging.models import Message

MOST_MESSAGES = 50_000
CAP = 1_000


@dataclass(frozen=True, slots=True)
class Queue:
    """``count`` is at most one more than CAP; ``oldest`` is of those that were counted."""

    count: int
    oldest: datetime | None


def _recent(since: datetime) -> tuple[Window, Any]:
    """By the provider's clock, which is the one with an index."""
    window = window_over(Message.objects.all(), "sent_at", since=since, most=MOST_MESSAGES)
    return window, Message.objects.filter(sent_at__gte=window.since).order_by()


def messages_by_hour(reach: Reach, *, since: datetime) -> tuple[Window, list[tuple[datetime, str, int]]]:
    """Hour, direction and how many."""
    window, rows = _recent(since)
    mine = reach.narrow(rows, "conversation__instance")
    hours = mine.annotate(hour=TruncHour("sent_at", tzinfo=UTC)).values_list("hour", "direction")
    return window, list(hours.annotate(n=Count("pk")))


def messages_by_line(reach: Reach, *, since: datetime) -> tuple[Window, dict[int, dict[str, int]]]:
    """By line and direction."""
    window, rows = _recent(since)
    mine = reach.narrow(rows, "conversation__instance")
    found: dict[int, dict[str, int]] = {}
    for line, direction, count in mine.values_list("conversation__instance", "direction").annotate(
        n=Count("pk")
    ):
        found.setdefault(line, {})[direction] = count
    return window, found


def queue(rows: Any, time_field: str) -> Queue:
    """Of rows that an index finds."""
    told = rows.order_by()[: CAP + 1].annotate(moment=F(time_field)).values("pk", "moment")
    return Queue(*told.aggregate(count=Count("pk"), oldest=Min("moment")).values())
