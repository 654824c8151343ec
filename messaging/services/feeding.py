"""Reading the feed from a cursor on, and dropping what is older than anybody may ask for.

A cursor is the id of the last change that was read; 0 is before the first one that is kept. The newest change is never
dropped: it says where the feed stands.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Q

from accounts.models import Change

log = structlog.get_logger(__name__)

DROPPED_AT_ONCE = 5000
MOST_TURNS = 20


class CursorExpired(Exception):
    """Changes after the cursor may have been dropped, or it is of another database; ``newest`` is where to go on."""

    def __init__(self, newest: int) -> None:
        super().__init__(newest)
        self.newest = newest


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader wants to hear of; what is left out is not narrowed."""

    instance: int | None = None
    types: frozenset[str] = frozenset()

    def includes(self, change: Change) -> bool:
        return self.instance in (None, change.instance_id) and (not self.types or change.type in self.types)

    def narrow(self, rows: Any) -> Any:
        if self.instance is not None:
            rows = rows.filter(instance=self.instance)
        if self.types:
            pairs = [word.split(".") for word in sorted(self.types)]
            wanted = [Q(topic=topic, action=action) for topic, action in pairs]
            rows = rows.filter(Q(*wanted, _connector=Q.OR))
        return rows


@dataclass(frozen=True, slots=True)
class Page:
    """``cursor`` is where to go on: behind others' changes too, so that a quiet reader's does not grow old."""

    changes: list[Change]
    cursor: int
    more: bool


def newest() -> int:
    return Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def read(rows: Any, cursor: int, wish: Wish, limit: int) -> Page:
    """What came after ``cursor``, oldest first."""
    last = newest()
    if cursor == last:
        return Page([], last, more=False)
    after = wish.narrow(rows).filter(pk__gt=cursor, pk__lte=last)
    found = list(after.order_by("pk")[: limit + 1])
    # Asked afterwards, or changes could be dropped between the two.
    oldest = Change.objects.order_by("pk").values_list("pk", flat=True).first() or 1
    if cursor > last or 0 < cursor < oldest - 1:
        raise CursorExpired(last)
    more = len(found) > limit
    return Page(found[:limit], found[limit - 1].pk if more else last, more)


def drop_old(now: datetime) -> int:
    """From the oldest on and some at a time, so that nobody waits for it."""
    since = now - timedelta(days=settings.FEED_DAYS)
    dropped = 0
    for _ in range(MOST_TURNS):
        count = _drop_some(since)
        dropped += count
        if count < DROPPED_AT_ONCE:
            break
    if dropped:
        log.info("changes dropped", count=dropped)
    return dropped


def _drop_some(since: datetime) -> int:
    first = Change.objects.order_by("pk").values_list("pk", "occurred_at")[: DROPPED_AT_ONCE + 1]
    old = [pk for pk, _ in takewhile(lambda row: row[1] < since, list(first)[:-1])]
    return Change.objects.filter(pk__lte=old[-1]).delete()[0] if old else 0
