"""When a delivery is tried again, and how long an endpoint that does not answer is left alone: pure decisions."""

from datetime import datetime, timedelta

from accounts.backoff import Chance, wait_after

STEPS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
LONGEST_WISH = timedelta(hours=24)
# More claims than the schedule has: the delivery itself ends its workers.
MOST_ATTEMPTS = len(STEPS) + 10
# A single refusal is no reason to hold up the rest.
REST_AFTER = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=5)
SWITCHED_OFF_AFTER = timedelta(days=3)


def next_try(attempts: int, *, now: datetime, chance: Chance, retry_after: float = 0) -> datetime | None:
    """When attempt number ``attempts`` has failed: the time of the next one, or None to give up."""
    if not 0 < attempts <= len(STEPS):
        return None
    wish = timedelta(seconds=min(retry_after, LONGEST_WISH.total_seconds()))
    return now + wait_after(attempts, STEPS, then=LONGEST_WISH, chance=chance, asked=wish)


def rest_until(failing_since: datetime, *, now: datetime) -> datetime | None:
    """A dead endpoint must not hold the threads that others need: the longer it fails, the rarer it is asked."""
    failing = now - failing_since
    return now + min(failing / 4, LONGEST_REST) if failing >= REST_AFTER else None


def is_lost(failing_since: datetime, *, now: datetime) -> bool:
    return now - failing_since >= SWITCHED_OFF_AFTER
