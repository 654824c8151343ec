"""Gaps that the provider may fill are asked for by the worker: one at a time, and at leisure."""

import queue
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from accounts.fields import CannotDecrypt
from accounts.models import WhatsappInstance
from accounts.providers.base import Provider
from accounts.providers.errors import ProviderError, Unsupported
from accounts.services import provider_for
from messaging.models import Gap
from messaging.services.gaps.backfilling import Found, Span, collect, span_of, take_in

log = structlog.get_logger(__name__)

LOOK_SECONDS = 10.0
# While the line is silent, and after an error.
AGAIN = timedelta(hours=1)
# Then somebody has to ask by the command.
GIVE_UP = timedelta(days=3)
# W-API's logs reach as far.
OLDEST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Answered:
    gap: Gap
    found: Found | None = None
    error: ProviderError | None = None


class Asking:
    """Its thread only asks providers; the database is touched by the caller's thread alone."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="backfill")
        self._told: queue.SimpleQueue[Answered] = queue.SimpleQueue()
        self._looked_at = float("-inf")
        self._busy = False
        self._closing = False

    def turn(self, now: datetime) -> int:
        done = 0
        while not self._told.empty():
            self._busy = False
            note(self._told.get(), now=now)
            done += 1
        if not self._busy and time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._ask(now)
        return done

    def close(self) -> None:
        self._closing = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, now: datetime) -> None:
        gap = next_gap(now)
        if gap is None:
            return
        try:
            provider = provider_for(WhatsappInstance.objects.get(pk=gap.instance_id))
        except CannotDecrypt as exc:
            log.info("webhook log not read", gap=gap.pk, reason=str(exc))
            return
        self._busy = True
        self._pool.submit(self._learn, gap, provider, span_of(gap.started_at, gap.ended_at, now))

    def _learn(self, gap: Gap, provider: Provider, span: Span) -> None:
        try:
            self._told.put(Answered(gap, collect(provider, span, rest=self._rest)))
        except ProviderError as exc:
            self._told.put(Answered(gap, error=exc))

    def _rest(self, seconds: float) -> None:
        if not self._closing:
            time.sleep(seconds)


def next_gap(now: datetime) -> Gap | None:
    """Taken for an hour: should this worker die, another one asks then."""
    live = Gap.objects.filter(
        ask_at__lte=now,
        instance__is_active=True,
        instance__client__is_active=True,
        started_at__gt=now - OLDEST,
    )
    for gap in live.select_related("instance").order_by("ask_at")[:10]:
        if Gap.objects.filter(pk=gap.pk, ask_at=gap.ask_at).update(ask_at=now + AGAIN):
            found: Gap = gap
            return found
    return None


def note(answered: Answered, *, now: datetime) -> None:
    gap = Gap.objects.filter(pk=answered.gap.pk).select_related("instance").first()
    if gap is None:
        return
    # It ended meanwhile: then the end is still to be asked for.
    ended_unseen = gap.ended_at is not None and answered.gap.ended_at is None
    if answered.error:
        _postpone(gap, answered.error, now)
    elif answered.found:
        stored = take_in(gap.instance, answered.found.webhooks, now=now)
        asked_out = gap.ended_at is not None and not ended_unseen
        rest = "" if answered.found.is_whole else " Its log is longer than what was read."
        told = f"Webhooks in its log: {len(answered.found.webhooks)}, taken in: {stored.new}.{rest}"
        _write(gap, told, None if asked_out else gap.ask_at)
    log.info("webhook log read", gap=gap.pk, instance=gap.instance_id, at=timezone.now().isoformat())


def _postpone(gap: Gap, error: ProviderError, now: datetime) -> None:
    over = gap.ended_at is not None and now - gap.ended_at > GIVE_UP
    final = isinstance(error, Unsupported) or over
    log.info("webhook log not read", gap=gap.pk, instance=gap.instance_id, reason=error.reason)
    _write(gap, error.reason, None if final else now + AGAIN)


def _write(gap: Gap, answer: str, ask_at: datetime | None) -> None:
    Gap.objects.filter(pk=gap.pk, ask_at=gap.ask_at).update(answer=answer[:200], ask_at=ask_at)
    Gap.objects.filter(pk=gap.pk).exclude(ask_at=gap.ask_at).update(answer=answer[:200])
