"""How many events each line brought in each hour, written down as they are read; and the habit that follows from it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q

from messaging.models import Gap, TrafficHour, WebhookEvent
from messaging.services.gaps.habits import HOUR, REMEMBERED, Habit, floor, habit_of

Why = Gap.Why


def note(events: Iterable[WebhookEvent]) -> None:
    """Those read for the first time, in the transaction that reads them. A line has one reader at a time."""
    fresh = Counter((one.instance_id, floor(one.received_at)) for one in events if _tells(one))
    for (instance, hour), count in sorted(fresh.items()):
        rows = TrafficHour.objects.filter(instance=instance, hour=hour)
        if not rows.update(events=F("events") + count):
            TrafficHour.objects.create(instance_id=instance, hour=hour, events=count)


def _tells(event: WebhookEvent) -> bool:
    return event.processed_at is None and event.source != WebhookEvent.Source.BACKFILL


def habit(instance: int, *, now: datetime) -> Habit:
    since = now - REMEMBERED
    hours = dict(
        TrafficHour.objects.filter(instance=instance, hour__gte=since - HOUR).values_list("hour", "events")
    )
    rows = Gap.objects.filter(Q(ended_at=None) | Q(ended_at__gt=since), instance=instance)
    deaf = rows.exclude(why=Why.SPOOLED).values_list("started_at", "ended_at")
    return habit_of(hours, now=now, gaps=[(start, end or now) for start, end in deaf])
