"""Which strategies make sense for an instance right now: the circuit, seen by all workers because it is rows."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from accounts.models import WhatsappInstance
from accounts.services import note_connection, raise_alarm
from media.models import FetchAttempt, MediaFile, StrategyHealth

FAILURES_TO_OPEN = 5
SHORTEST_BREAK, LONGEST_BREAK = timedelta(seconds=30), timedelta(minutes=10)
LINE_DOWN_BREAK = timedelta(minutes=10)
UNSUPPORTED_BREAK = timedelta(days=1)
PROBE = timedelta(minutes=1)
# The CDN is the same for everybody; what fails there is a file, not a line.
WATCHED = ("provider", "provider_alt")

Outcome = FetchAttempt.Outcome
_COUNTED = {Outcome.UNAVAILABLE, Outcome.UNEXPECTED}


def open_strategies(
    media_file: MediaFile, order: list[str], health: dict[str, StrategyHealth], now: datetime
) -> tuple[list[str], list[StrategyHealth]]:
    """The strategies to try now, and the closed ones. When a break is over, one file at a time probes.

    A call that the provider does not have is neither: nothing is gained by waiting for it.
    """
    closed = [
        health[name]
        for name in order
        if name in health and health[name].closed_until and not _may_probe(health[name], now)
    ]
    names = {row.strategy for row in closed}
    waited_for = [row for row in closed if not row.is_lacking]
    return [name for name in order if name not in names], waited_for


def _may_probe(row: StrategyHealth, now: datetime) -> bool:
    if row.closed_until is None or row.closed_until > now:
        return False
    over = StrategyHealth.objects.filter(pk=row.pk, closed_until__lte=now)
    won = bool(over.update(closed_until=now + PROBE))
    row.closed_until = now + PROBE
    return won


def health_of(instances: set[int]) -> dict[int, dict[str, StrategyHealth]]:
    found: dict[int, dict[str, StrategyHealth]] = {}
    for row in StrategyHealth.objects.filter(instance__in=instances):
        found.setdefault(row.instance_id, {})[row.strategy] = row
    return found


def note(instance: WhatsappInstance, strategy: str, outcome: str, reason: str, now: datetime) -> None:
    """Learn from one attempt."""
    if strategy not in WATCHED:
        return
    if outcome == Outcome.LINE_DOWN:
        raise_alarm(instance, reason, now=now)
        for name in WATCHED:
            _close(instance, name, closed_until=now + LINE_DOWN_BREAK, reason=reason[:300], is_lacking=False)
    elif outcome == Outcome.UNSUPPORTED:
        until = now + UNSUPPORTED_BREAK
        _close(instance, strategy, closed_until=until, reason=reason[:300], is_lacking=True)
    elif outcome in _COUNTED:
        _count_failure(instance, strategy, reason, now)
    else:
        known, _ = StrategyHealth.objects.filter(instance=instance, strategy=strategy).delete()
        if known and outcome == Outcome.OK:
            note_connection(instance, connected=True, at=now)


def _close(instance: WhatsappInstance, strategy: str, **facts: Any) -> None:
    StrategyHealth.objects.update_or_create(instance=instance, strategy=strategy, defaults=facts)


def _count_failure(instance: WhatsappInstance, strategy: str, reason: str, now: datetime) -> None:
    row, created = StrategyHealth.objects.get_or_create(
        instance=instance, strategy=strategy, defaults={"failures": 1}
    )
    if not created:
        StrategyHealth.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
        row.refresh_from_db(fields=["failures"])
    if row.failures >= FAILURES_TO_OPEN:
        pause = min(SHORTEST_BREAK * 2 ** min(row.failures - FAILURES_TO_OPEN, 10), LONGEST_BREAK)
        StrategyHealth.objects.filter(pk=row.pk).update(closed_until=now + pause, reason=reason[:300])


def forget(instances: set[int]) -> None:
    """Somebody knows better: all breaks end."""
    StrategyHealth.objects.filter(instance__in=instances).delete()
