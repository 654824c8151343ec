"""Processes stored webhook events again."""

import sys
import uuid
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts import audit
from accounts.leases import WaitingQuerySet
from accounts.management.filters import add_filters, batches, chosen_ids, count_states, read_filters
from accounts.management.progress import progress, quiet_log
from messaging.models import WebhookEvent
from messaging.services.processing import process_again, process_due

State = WebhookEvent.State
STATES = [state.value for state in State]
BY_WORKER = " The worker processes them; --now does it here and shows how they end."
LEFT = " What is pending is left to the worker that has the line in hand, or waits for a line that is switched off."


class Command(BaseCommand):
    help = (
        "Process stored webhook events again, by the worker or with --now by this command. What is there already stays "
        "as it is; only what is missing is added. Exit code 1 when --now leaves failed events."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_filters(parser, states=STATES)
        parser.add_argument("--dry-run", action="store_true", help="only say what would be processed")
        parser.add_argument("--now", action="store_true", help="process at once, here, and show the progress")

    def handle(self, *, now: bool, dry_run: bool, **options: Any) -> None:
        filters = read_filters(options, states=STATES)
        rows = filters.narrow(WebhookEvent.objects.all(), time_field="received_at")
        ids = chosen_ids(rows, order=WebhookEvent.claim_order, limit=filters.limit)
        if dry_run:
            self.stdout.write(f"Webhook events that would be processed again: {tell(count(ids)) or 'none'}.")
            return
        with quiet_log(options["verbosity"]):
            self._put_back(ids, now=now)

    def _put_back(self, ids: list[int], *, now: bool) -> None:
        waiting = sum(process_again(rows_of(batch), now=timezone.now()) for batch in batches(ids))
        if waiting:
            audit.note(audit.Action.EVENT_REPLAYED, None, by=None, events=waiting)
        self.stdout.write(f"Webhook events put back to pending: {waiting}.{'' if now else BY_WORKER}")
        if now and ids:
            process(ids)
            counts = count(ids)
            self.stdout.write(f"Now: {tell(counts)}.{LEFT if counts[State.PENDING] else ''}")
            if counts[State.FAILED]:
                sys.exit(1)


def rows_of(ids: list[int]) -> WaitingQuerySet:
    rows: WaitingQuerySet = WebhookEvent.objects.filter(pk__in=ids)
    return rows


def process(ids: list[int]) -> None:
    """An instance whose events a running worker has in hand is left to that worker."""
    token = uuid.uuid4()
    with progress(total=len(ids), unit="event") as bar:
        for batch in batches(ids):
            while done := process_due(token, now=timezone.now(), work=rows_of(batch)):
                bar.update(done)


def count(ids: list[int]) -> Counter[str]:
    return count_states(WebhookEvent.objects.all(), ids)


def tell(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[state]} {state}" for state in State if counts[state])
