"""Drops logs that are older than the settings say."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.management.progress import progress, quiet_log
from messaging.services.pruning import PAUSE_SECONDS, SORTS, Sort, batches, everything


class Command(BaseCommand):
    help = (
        "Drop webhook events, tries, ticks and other logs that are older than the settings *_DAYS say. The worker does "
        "it by itself, a batch at a time; this does it at once. Messages and files are not touched."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be dropped")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        if dry_run:
            for sort in SORTS:
                self.stdout.write(f"{self._counted(sort, now)} {sort.name}")
            return
        with quiet_log(options["verbosity"]), progress(unit="row") as bar:
            dropped = 0
            for count in everything(now):
                bar.update(count)
                dropped += count
                time.sleep(PAUSE_SECONDS if count else 0)
        self.stdout.write(f"Rows dropped: {dropped}.")

    def _counted(self, sort: Sort, now: Any) -> int:
        return sum(batches(sort, now, dry_run=True))
