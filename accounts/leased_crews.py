"""Crews whose errands are rows under a lease."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic

from accounts.crews import Crew, E, R
from accounts.leases import WaitingQuerySet, WaitingWork, lease

AHEAD_SECONDS = 0.5
# In less time one small piece of work would look like many.
MEASURED_SECONDS = 0.25


class LeasedCrew(Generic[E, R]):
    """Renews the leases of what is under way. Every method is for one and the same thread.

    A row whose result was lost has to be let go too: it comes back as its lease ends.
    """

    def __init__(
        self,
        model: type[WaitingWork],
        work: Callable[[E], R],
        threads: int,
        token: uuid.UUID | None,
    ) -> None:
        self.threads = threads
        self.token = token or uuid.uuid4()
        self.crew: Crew[E, R] = Crew(work, threads)
        self._rows: WaitingQuerySet = model._default_manager.all()  # type: ignore[assignment]
        self._in_hand: set[int] = set()
        self._renewed_at: datetime | None = None

    @property
    def under_way(self) -> int:
        return len(self._in_hand)

    def put(self, pk: int, errand: E) -> None:
        self._in_hand.add(pk)
        self.crew.put(errand)

    def let_go(self, *pks: int) -> None:
        self._in_hand.difference_update(pks)

    def renew(self, now: datetime) -> None:
        """At a third of the lease, not at each turn."""
        if not self._in_hand or (self._renewed_at and now - self._renewed_at < lease() / 3):
            return
        self._rows.filter(pk__in=self._in_hand).renew(self.token, now + lease())
        self._renewed_at = now

    def close(self) -> None:
        self.crew.close()


class Pace:
    """How many a crew does in half a second. So many are claimed ahead that no thread waits for the database.

    Small work goes by the hundred, so it is claimed by the dozen; large work is left to who has a thread.
    """

    def __init__(self, *, least: int, most: int) -> None:
        self.ahead = least
        self.done = 0
        self._least, self._most = least, most
        self._since: datetime | None = None

    def room(self, crew: LeasedCrew[Any, Any], now: datetime) -> int:
        """How many to claim now; none before it is worth asking."""
        room = crew.threads + self.ahead - crew.under_way
        if room < max(1, self.ahead // 2):
            return 0
        self._measure(now)
        return room

    def _measure(self, now: datetime) -> None:
        elapsed = (now - self._since).total_seconds() if self._since else 0
        if self._since and elapsed < MEASURED_SECONDS:
            return
        pace = self.done / elapsed if elapsed else 0
        self.ahead = int(min(max(pace * AHEAD_SECONDS, self._least), self._most))
        self._since, self.done = now, 0
