"""When to try again: a pure decision over numbers, with time and chance passed in."""

from datetime import datetime, timedelta

from accounts.backoff import Chance, wait_after

STEPS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
DAILY = timedelta(days=1)
# More claims than any schedule needs: the work itself ends its workers.
MOST_ATTEMPTS = 50
# A last try this long before the deadline still has time to download.
LAST_CALL = timedelta(minutes=2)


def next_try(
    attempts: int, *, now: datetime, deadline: datetime, chance: Chance, retry_after: float | None = None
) -> datetime | None:
    """When attempt number ``attempts`` has failed: the time of the next one, or None to give up."""
    if attempts >= MOST_ATTEMPTS:
        return None
    asked = timedelta(seconds=min(retry_after or 0, DAILY.total_seconds()))
    wait = wait_after(attempts, STEPS, then=DAILY, chance=chance, asked=asked)
    if now + wait <= deadline:
        return now + wait
    return deadline - LAST_CALL if deadline - LAST_CALL > now + LAST_CALL else None
