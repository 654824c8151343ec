"""What is known of lines beyond their own rows: their traffic, how their files come, what waits and what failed."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import IntegerField, OuterRef, Subquery

from accounts.models import WhatsappInstance
from accounts.reach import Reach
from media.models import MediaFile
from media.services import measuring as media
from messaging.models import Message, OutboxItem, WebhookEvent
from messaging.services import measuring

DAY = timedelta(days=1)
CAP = measuring.CAP


class CountOf(Subquery):
    """How many rows a sliced subquery has: no more are counted than it takes."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


@dataclass(slots=True)
class LineFacts:
    """Counts are at most one more than CAP. ``inbound`` and ``outbound`` are of today."""

    inbound: int = 0
    outbound: int = 0
    rates: list[media.Rate] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)


def facts_of(
    lines: Collection[int], *, midnight: datetime, now: datetime
) -> tuple[bool, dict[int, LineFacts]]:
    """Whether the numbers of today are all of today's, and the facts; in a constant number of queries."""
    found = {pk: LineFacts() for pk in lines}
    reach = Reach(lines=tuple(lines), live=tuple(lines))
    window, traffic = measuring.messages_by_line(reach, since=midnight)
    for pk, counts in traffic.items():
        found[pk].inbound = counts.get(Message.Direction.INBOUND, 0)
        found[pk].outbound = counts.get(Message.Direction.OUTBOUND, 0)
    for rate in sorted(media.rates(reach, since=now - DAY), key=lambda rate: rate.strategy):
        found[rate.instance_id].rates.append(rate)
    for pk, *counts in _waiting(lines):
        found[pk].waiting = dict(zip(WAITING, counts, strict=True))
    for (pk, name), count in _failed(reach).items():
        found[pk].failed[name] = count
    return not window.is_cut, found


WAITING: dict[str, type[Any]] = {"media": MediaFile, "sends": OutboxItem, "events": WebhookEvent}


def _waiting(lines: Collection[int]) -> Any:
    """Each along its index of what waits."""
    counts = {
        name: CountOf(
            model.objects.filter(instance=OuterRef("pk"), state=model.waiting_state, lease_until=None)
            .order_by()
            .values("pk")[: CAP + 1]
        )
        for name, model in WAITING.items()
    }
    rows = WhatsappInstance.objects.filter(pk__in=lines).order_by()
    return rows.annotate(**{f"n_{name}": count for name, count in counts.items()}).values_list(
        "pk", *(f"n_{name}" for name in counts)
    )


def _failed(reach: Reach) -> Counter[tuple[int, str]]:
    """Of the newest of these lines; a line with more old ones shows fewer than it has, and is in need anyway."""
    bad = (
        ("sends", OutboxItem.objects.filter(state=OutboxItem.State.FAILED)),
        ("doubtful", OutboxItem.objects.filter(state=OutboxItem.State.UNKNOWN)),
        ("events", WebhookEvent.objects.filter(state=WebhookEvent.State.FAILED)),
    )
    counts: Counter[tuple[int, str]] = Counter()
    for name, rows in bad:
        newest = reach.narrow(rows).order_by("-id").values_list("instance", flat=True)[: CAP + 1]
        counts.update((pk, name) for pk in newest)
    return counts
