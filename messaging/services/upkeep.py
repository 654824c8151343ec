"""What the worker does for the life of data, one bounded batch at a turn: requested erasures, and retention."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.conf import settings

from accounts import audit
from accounts.models import RetentionRule
from messaging.services import receipts
from messaging.services.erasing import erase_some
from messaging.services.holds import IsHeld
from messaging.services.receipts import Cause
from messaging.services.retention import purge

log = structlog.get_logger(__name__)

LOOK_SECONDS = 3600.0
# Rather than at each turn of a worker that has a lot to do.
ERASURES_SECONDS = 1.0


@dataclass
class Upkeep:
    _looked_at: float = 0.0
    _erased_at: float = 0.0
    _held: set[int] = field(default_factory=set)
    _held_since: float = field(default_factory=time.monotonic)
    _under_way: Iterator[int] | None = None

    def turn(self, now: datetime) -> int:
        """How much was done; nothing when there is nothing to do."""
        with audit.through(audit.Via.WORKER):
            return self._erase(now) + self._purge(now)

    def _erase(self, now: datetime) -> int:
        if time.monotonic() - self._erased_at < ERASURES_SECONDS and self._erased_at:
            return 0
        if time.monotonic() - self._held_since > LOOK_SECONDS:
            self._held_since = time.monotonic()
            self._held.clear()
        found = receipts.unfinished(Cause.ERASURE).exclude(pk__in=self._held).first()
        if found is None:
            self._erased_at = time.monotonic()
            return 0
        try:
            erase_some(found.pk, now=now)
        except IsHeld as exc:
            self._held.add(found.pk)
            log.warning("erasure waits for a legal hold", receipt=found.pk, hold=exc.hold.pk)
        return 1

    def _purge(self, now: datetime) -> int:
        if not settings.RETENTION_AUTOMATIC:
            return 0
        if self._under_way is None:
            if self._looked_at and time.monotonic() - self._looked_at < LOOK_SECONDS:
                return 0
            self._looked_at = time.monotonic()
            self._under_way = self._batches(now)
        if next(self._under_way, None) is None:
            self._under_way = None
            return 0
        return 1

    def _batches(self, now: datetime) -> Iterator[int]:
        for rule in RetentionRule.objects.order_by("client", "what"):
            yield from purge(rule, by=None, now=lambda: now)
