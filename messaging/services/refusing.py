"""A count of requests that were turned away; nothing else of them is kept.

Of one kind the first is written at once, what follows within a second is gathered in memory and written with the next,
so that a flood of forged requests does not become a flood of writes.
"""

import threading
import time
from collections import Counter
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import WhatsappInstance
from messaging.models import RefusedWebhook
from messaging.services.reaching import DatabaseAway, ask

WRITE_EVERY = 1.0

_lock = threading.Lock()
_waiting: Counter[tuple[int | None, str]] = Counter()
_written_at: dict[tuple[int | None, str], float] = {}


def count_refusal(instance: int | None, reason: str) -> None:
    """Not lost while the database is away, but kept in memory only."""
    taken = _take(instance, reason)
    while taken:
        (refused, why), number = taken.popitem()
        try:
            ask(partial(_add, refused, why, number))
        except DatabaseAway:
            with _lock:
                _waiting.update(taken + Counter({(refused, why): number}))
            return


def _take(instance: int | None, reason: str) -> Counter[tuple[int | None, str]]:
    key = (instance, reason)
    with _lock:
        _waiting[key] += 1
        if time.monotonic() - _written_at.get(key, float("-inf")) < WRITE_EVERY:
            return Counter()
        _written_at[key] = time.monotonic()
        taken = Counter(_waiting)
        _waiting.clear()
        return taken


@transaction.atomic
def _add(instance: int | None, reason: str, number: int) -> None:
    if instance is not None and not WhatsappInstance.objects.filter(pk=instance).exists():
        return  # deleted while its refusals were being gathered
    row, created = RefusedWebhook.objects.get_or_create(
        instance_id=instance, day=timezone.now().date(), reason=reason, defaults={"count": number}
    )
    if not created:
        RefusedWebhook.objects.filter(pk=row.pk).update(count=F("count") + number)
