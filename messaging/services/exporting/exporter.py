"""The worker's side of exports: claim, let a thread make the next part, write down where it goes on.

Each part is a claim of its own, so a worker that ends loses at most the part in hand, and whichever worker comes next
goes on after the last one that is written down.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.db.models import F

from accounts.leased_crews import LeasedCrew
from accounts.leases import Claim, WaitingQuerySet, lease
from messaging.models import Export
from messaging.services.exporting.contents import Plan
from messaging.services.exporting.making import Result, make
from messaging.services.exporting.planning import count_messages, plan
from messaging.services.exporting.requesting import remove_part, remove_parts

log = structlog.get_logger(__name__)

State = Export.State
AT_ONCE = 1
MOST_ATTEMPTS = 8
FIRST_BREAK, LONGEST_BREAK = timedelta(seconds=10), timedelta(hours=1)


class Exporter(LeasedCrew[Plan, Result]):
    def __init__(self, token: uuid.UUID | None = None) -> None:
        super().__init__(Export, make, AT_ONCE, token)

    def top_up(self, now: datetime, work: WaitingQuerySet | None = None) -> int:
        room = AT_ONCE - self.under_way
        if room < 1:
            return 0
        wish = Claim(limit=room, per_instance=1, lease=lease(), token=self.token)
        rows = Export.objects.all() if work is None else work
        claimed: list[Export] = rows.claim(wish, now=now)
        for export in claimed:
            self._begin(export, now)
        return len(claimed)

    def collect(self, now: datetime, *, wait: float = 0) -> int:
        """Write down what has finished, waiting up to ``wait`` seconds for the first result."""
        results = self.crew.finished(wait)
        self.let_go(*(result.plan.export for result in results))
        for result in results:
            self._record(result, now)
        return len(results)

    def _begin(self, export: Export, now: datetime) -> None:
        if export.attempts > MOST_ATTEMPTS:
            self._give_up(export.pk, export.error or "given up: workers ended while making it")
            return
        try:
            found = self._plan(export, now)
        except DatabaseError:
            raise
        except Exception as exc:  # noqa: BLE001 - what is odd in one client's rows must not stop the worker
            log.exception("export cannot be planned", export=export.pk)
            self._give_up(export.pk, type(exc).__name__)
            return
        self.put(export.pk, found)

    def _plan(self, export: Export, now: datetime) -> Plan:
        if not export.part_sizes:
            export.messages_total = count_messages(export)
            Export.objects.filter(pk=export.pk).update(messages_total=export.messages_total)
        return plan(export, now=now)

    def _record(self, result: Result, now: datetime) -> None:
        if result.bug:
            self._give_up(result.plan.export, result.error)
        elif result.error:
            self._put_off(result, now)
        else:
            self._go_on(result, now)

    def _go_on(self, result: Result, now: datetime) -> None:
        plan = result.plan
        # Only this worker holds it: nobody has written to it since the plan was made.
        sizes = Export.objects.values_list("part_sizes", flat=True).filter(pk=plan.export).first() or []
        facts = {
            "part_sizes": [*sizes, result.size],
            "part_marks": [*plan.before, plan.mark],
            "size": F("size") + result.size,
            "messages": F("messages") + result.messages,
            "files": F("files") + result.files,
            "absent": F("absent") + len(result.absent),
            "error": "",
            "attempts": 0,
        }
        if plan.is_last:
            days = timedelta(days=settings.EXPORT_DAYS)
            facts |= {"state": State.READY, "ready_at": now, "expires_at": now + days}
        else:
            facts |= {"state": State.PENDING, "cursor": plan.cursor, "next_attempt_at": now}
        kept = Export.objects.held_by(self.token).filter(pk=plan.export).let_go(**facts)
        word = "export ready" if plan.is_last else "part of an export made"
        log.info(word if kept else "lease lost, part dropped", export=plan.export, part=plan.number)
        if not kept:
            self._clear_away(plan)

    def _clear_away(self, plan: Plan) -> None:
        """It was removed while this part was made, or another worker made the same one."""
        remove_part(plan)
        for export in Export.objects.filter(pk=plan.export, state=State.EXPIRED):
            remove_parts(export)

    def _put_off(self, result: Result, now: datetime) -> None:
        row = Export.objects.held_by(self.token).filter(pk=result.plan.export)
        attempts = row.values_list("attempts", flat=True).first() or 1
        wait = min(FIRST_BREAK * 2 ** (attempts - 1), LONGEST_BREAK)
        row.let_go(state=State.PENDING, error=result.error[:300], next_attempt_at=now + wait)
        log.warning("part of an export waits", export=result.plan.export, reason=result.error)

    def _give_up(self, pk: int, reason: str) -> None:
        Export.objects.held_by(self.token).filter(pk=pk).let_go(state=State.FAILED, error=reason[:300])
        log.error("export failed", export=pk, reason=reason)


def make_now(work: WaitingQuerySet, *, now: Callable[[], datetime]) -> Iterator[int]:
    """Make what of ``work`` is due, part by part, until nothing is; yields how many parts were made."""
    exporter, parts = Exporter(), 0
    try:
        while exporter.top_up(now(), work) or exporter.under_way:
            parts += exporter.collect(now(), wait=1)
            exporter.renew(now())
            yield parts
    finally:
        exporter.close()
