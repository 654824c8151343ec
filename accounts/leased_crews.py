"""Crews whose errands are rows under a lease."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Generic

from accounts.crews import Crew, E, R
from accounts.leases import WaitingQuerySet, WaitingWork, lease


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
