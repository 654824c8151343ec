"""Takes in the webhooks that providers still have in their logs."""

import sys
import time
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.fields import CannotDecrypt
from accounts.management.filters import find_client, find_instances, read_time
from accounts.management.progress import above_the_bar, progress, quiet_log
from accounts.models import WhatsappInstance
from accounts.providers.errors import ProviderError
from accounts.services import provider_for
from messaging.services.gaps.backfilling import Span, Stored, collect, take_in
from messaging.services.gaps.recording import can_be_asked, note_asked

# As long as W-API keeps its log.
DEFAULT = timedelta(days=30)
MOST_PAGES = 10_000


class Command(BaseCommand):
    help = (
        "Take in webhooks that providers still have in their logs: W-API's of the last 30 days. What is here already "
        "stays as it is. The worker then reads them as it reads others. Exit code 1 when a line could not be asked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        group = parser.add_argument_group("which", "Filters add up: only what fits all of them is taken.")
        group.add_argument("--client", metavar="SLUG", help="of this client (its slug or id)")
        group.add_argument(
            "--instance", metavar="ID", help="of this instance (its id at the provider, or our id)"
        )
        group.add_argument(
            "--since", metavar="TIME", help="from this time on: 2026-03-01 or 2026-03-01T14:30"
        )
        group.add_argument(
            "--until", metavar="TIME", help="before this time; a day without a time counts whole"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be taken in")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        since = read_time("--since", options["since"]) or now - DEFAULT
        until = read_time("--until", options["until"], whole_day=True) or now
        with quiet_log(options["verbosity"]), progress(unit="webhook") as bar:
            outcomes = [
                self._ask(line, Span(since, until), now, bar, dry_run=dry_run) for line in lines(options)
            ]
        if not outcomes:
            self.stdout.write("No line to ask.")
        if not all(outcomes):
            sys.exit(1)

    def _ask(self, line: WhatsappInstance, span: Span, now: datetime, bar: Any, *, dry_run: bool) -> bool:
        label = f"{line.name} ({line.instance_id})"
        if not can_be_asked(line):
            self._say(f"{label}: {line.get_provider_display()} keeps no log of its webhooks.")
            return True
        try:
            found = collect(provider_for(line), span, rest=time.sleep, pages=MOST_PAGES, on_page=bar.update)
        except (ProviderError, CannotDecrypt) as exc:
            self._say(f"{label}: {exc}")
            return False
        stored = take_in(line, found.webhooks, now=now, dry_run=dry_run)
        if not dry_run:
            note_asked(line, since=span.since, until=span.until, new=stored.new)
        self._say(f"{label}: {tell(stored, len(found.webhooks), dry_run=dry_run)}")
        return True

    def _say(self, text: str) -> None:
        with above_the_bar():
            self.stdout.write(text)


def lines(options: dict[str, Any]) -> list[WhatsappInstance]:
    client, chosen = find_client(options["client"]), find_instances(options["instance"])
    rows = WhatsappInstance.objects.reachable().sealed().select_related("client").order_by("pk")
    rows = rows.filter(client=client) if client else rows
    return list(rows if chosen is None else rows.filter(pk__in=chosen))


def tell(stored: Stored, found: int, *, dry_run: bool) -> str:
    verb = "would be taken in" if dry_run else "taken in"
    return f"{found} in its log, {stored.new} {verb}, {stored.known} here already, {stored.foreign} not readable."
