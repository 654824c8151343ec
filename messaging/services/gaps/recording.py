"""Gaps as rows: opened, closed, and how many messages came for them later."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from accounts.models import WhatsappInstance
from accounts.providers import PROVIDERS
from messaging.models import Gap, Message

log = structlog.get_logger(__name__)

# Outages so close to each other are one.
JOINED_WITHIN = timedelta(minutes=10)
# A message that came so long after it was written came late.
LATE = timedelta(minutes=5)
# Clocks differ, and what came last before a gap may have been written long before.
AROUND = timedelta(minutes=2)
# Its log may not be complete yet when a line comes back.
ASK_AFTER = timedelta(minutes=1)
Why = Gap.Why


def begin(
    instance: WhatsappInstance, why: Gap.Why, *, since: datetime, now: datetime, expected: float = 0
) -> Gap | None:
    """None when it is known already."""
    ask_at = now if why == Why.SILENT and can_be_asked(instance) else None
    facts = {"started_at": since, "noticed_at": now, "expected": round(expected), "ask_at": ask_at}
    try:
        with transaction.atomic():
            gap: Gap = Gap.objects.create(instance=instance, why=why, **facts)
    except IntegrityError:
        return None
    log.warning("gap begins", instance=instance.pk, gap=gap.pk, why=why.value, since=since.isoformat())
    return gap


def end(gap: Gap, instance: WhatsappInstance, *, at: datetime, now: datetime) -> bool:
    ask_at = now + ASK_AFTER if can_be_asked(instance) and gap.why not in Gap.WHOLE else None
    ended_at = max(at, gap.started_at)
    if not Gap.objects.filter(pk=gap.pk, ended_at=None).update(ended_at=ended_at, ask_at=ask_at):
        return False
    log.warning("gap ends", instance=instance.pk, gap=gap.pk, why=gap.why, at=ended_at.isoformat())
    return True


def can_be_asked(instance: WhatsappInstance) -> bool:
    return PROVIDERS[instance.provider].abilities.webhook_logs


def note_asked(instance: WhatsappInstance, *, since: datetime, until: datetime, new: int) -> None:
    """Somebody asked for all of that time: the worker need not."""
    inside = Gap.objects.filter(instance=instance, started_at__gte=since, ended_at__lte=until)
    inside.filter(ask_at__isnull=False).update(ask_at=None, answer=f"Asked for by hand, taken in: {new}.")


def note_spooled(taken: Mapping[int, list[datetime]], *, now: datetime) -> None:
    """Nothing was lost, but it came late."""
    for instance, times in taken.items():
        first, last = min(times), max(times)
        near = Gap.objects.filter(instance=instance, why=Why.SPOOLED, ended_at__gte=first - JOINED_WITHIN)
        known = near.filter(started_at__lte=last + JOINED_WITHIN).order_by("-started_at").first()
        if known:
            span = {"started_at": min(first, known.started_at), "ended_at": max(last, known.ended_at or last)}
            Gap.objects.filter(pk=known.pk).update(**span)
        else:
            span = {"started_at": first, "ended_at": last}
            Gap.objects.create(instance_id=instance, why=Why.SPOOLED, noticed_at=now, **span)


def note_late(new: Iterable[Message], sources: Mapping[str, str | None]) -> None:
    """New messages that belong to a gap are counted there. ``sources``: by message id, where its event came from."""
    late: dict[int, list[datetime]] = {}
    for message in new:
        source = sources.get(str(message.provider_message_id))
        if source or message.received_at - message.sent_at > LATE:
            late.setdefault(message.conversation.instance_id, []).append(message.sent_at)
    for instance, times in late.items():
        for gap in _around(instance, min(times), max(times)):
            count = sum(_lies_in(gap, at) for at in times)
            Gap.objects.filter(pk=gap.pk).update(taken_in=F("taken_in") + count)


def _around(instance: int, first: datetime, last: datetime) -> Any:
    goes_on = Q(ended_at=None) | Q(ended_at__gte=first - AROUND)
    return Gap.objects.filter(goes_on, instance=instance, started_at__lte=last + AROUND)


def _lies_in(gap: Gap, at: datetime) -> bool:
    return gap.started_at - AROUND <= at and (gap.ended_at is None or at <= gap.ended_at + AROUND)
