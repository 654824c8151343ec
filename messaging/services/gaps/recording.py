"""Gaps as rows: opened, closed, and how many messages came for them later."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from messaging.models import Gap

log = structlog.get_logger(__name__)

# What was set by for a moment only, nobody missed.
SHORTEST = timedelta(minutes=2)
# Outages so close to each other are one.
JOINED_WITHIN = timedelta(minutes=10)
# A message that came so long after it was written came late.
LATE = timedelta(minutes=5)
# Before a gap was noticed, what it lacks may have been on its way.
AROUND = timedelta(minutes=2)
Why = Gap.Why


def note_spooled(taken: Mapping[int, list[datetime]], *, now: datetime) -> None:
    for instance, times in taken.items():
        first, last = min(times), max(times)
        near = Gap.objects.filter(instance=instance, why=Why.SPOOLED, ended_at__gte=first - JOINED_WITHIN)
        known = near.filter(started_at__lte=last + JOINED_WITHIN).order_by("-started_at").first()
        if known:
            Gap.objects.filter(pk=known.pk).update(
                started_at=min(first, known.started_at), ended_at=max(last, known.ended_at or last)
            )
        else:
            Gap.objects.create(
                instance_id=instance, why=Why.SPOOLED, started_at=first, ended_at=last, noticed_at=now
            )
