"""The worker's side of the outbox: claim, ask in threads, write down."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError

from accounts.leased_crews import LeasedCrew
from messaging.models import OutboxItem
from messaging.models.outbox import LOOK_FOR_PROOF
from messaging.services.sending.errands import Answer, Errand, run
from messaging.services.sending.planning import CLOUD, WAPI, claim, plan
from messaging.services.sending.recording import record
from messaging.services.sending.settling import settle_unproven


class Sender(LeasedCrew[Errand, Answer]):
    """Keeps up to ``threads`` sends under way, and claims nothing that would have to wait for one."""

    def __init__(self, threads: int | None = None, token: uuid.UUID | None = None) -> None:
        super().__init__(OutboxItem, run, threads or settings.WORKER_SEND_THREADS, token)
        self._answers: list[Answer] = []
        self._order = [WAPI, CLOUD]
        self._looked_at: datetime | None = None

    def top_up(self, now: datetime) -> int:
        found = self._look_for_proof(now)
        if self.under_way >= self.threads or not OutboxItem.objects.waits(now):
            return found
        # In turns, so that many lines of one provider do not keep the other's waiting.
        self._order.reverse()
        for provider in self._order:
            found += self._take(provider, now)
        return found

    def _take(self, provider: str, now: datetime) -> int:
        room = self.threads - self.under_way
        # The last thread is for other lines: one that hangs would hold up all of them.
        each = max(1, self.threads - 1)
        claimed = claim(room, each, provider, self.token, now) if room > 0 else []
        for errand in plan(claimed, self.token, now) if claimed else []:
            self.put(errand.item.pk, errand)
        return len(claimed)

    def _look_for_proof(self, now: datetime) -> int:
        if self._looked_at and now - self._looked_at < LOOK_FOR_PROOF:
            return 0
        self._looked_at = now
        return settle_unproven(now)

    def collect(self, now: datetime, *, wait: float = 0) -> int:
        """Write down what has been answered, waiting up to ``wait`` seconds for the first answer."""
        self._answers += self.crew.finished(wait)
        count = len(self._answers)
        while self._answers:
            self._write(self._answers[0], now)
        return count

    def _write(self, answer: Answer, now: datetime) -> None:
        """An answer that a busy database does not take is kept: it cannot be had again."""
        kept = False
        try:
            self._record(answer, now)
        except (OperationalError, InterfaceError):
            kept = True
            raise
        finally:
            if not kept:
                self._answers.pop(0)
                self.let_go(answer.errand.item.pk)

    def _record(self, answer: Answer, now: datetime) -> None:
        try:
            record(answer, self.token, now)
        except IntegrityError:
            # Another worker kept the echo as a message of its own just now; this time we see it.
            record(answer, self.token, now)
