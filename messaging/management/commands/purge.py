"""Removes what clients' retention rules say."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from accounts.management.filters import find_client
from accounts.management.progress import progress, quiet_log
from accounts.models import RetentionRule
from messaging.services import retention


class Command(BaseCommand):
    help = (
        "Remove what is older than clients' retention rules allow, with a receipt for each rule. The worker does the "
        "same by itself unless RETENTION_AUTOMATIC is off. What is on legal hold stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--client", metavar="SLUG", help="of this client (its slug or id)")
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")
        parser.add_argument(
            "--limit", type=int, metavar="N", help="at most so many messages and files of each rule"
        )

    def handle(self, *, dry_run: bool, limit: int | None, **options: Any) -> None:
        if limit is not None and limit < 1:
            raise CommandError("--limit must be at least 1.")
        rules = RetentionRule.objects.select_related("client").order_by("client__slug", "what")
        if client := find_client(options["client"]):
            rules = rules.filter(client=client)
        if not rules:
            self.stdout.write("No client has a retention rule.")
        for rule in rules:
            if dry_run:
                self.stdout.write(f"{_named(rule)}: {_told(retention.outlook(rule, now=timezone.now()))}.")
                continue
            with quiet_log(options["verbosity"]):
                self.stdout.write(f"{_named(rule)}: {_purge(rule, limit)} removed.")


def _purge(rule: RetentionRule, limit: int | None) -> int:
    total = 0
    with progress(unit="row") as bar:
        for taken in retention.purge(rule, by=None, now=timezone.now, limit=limit):
            total += taken
            bar.update(taken)
    return total


def _named(rule: RetentionRule) -> str:
    return f"{rule.client.slug}, {retention.name_of(rule)}"


def _told(found: retention.Outlook) -> str:
    if not found.rows or found.oldest is None:
        return "nothing"
    what = "messages" if found.rule.what == RetentionRule.MESSAGES else "files"
    stored = f"{found.files} of them stored" if what == "files" else f"{found.files} stored files"
    size = str(filesizeformat(found.bytes)).replace("\xa0", " ")
    return f"{found.rows} {what}, {stored}, {size}, the oldest of {found.oldest:%Y-%m-%d}"
