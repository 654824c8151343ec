"""Re-encrypts stored secrets with the first key."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.management.progress import progress
from accounts.rotation import rotate


class Command(BaseCommand):
    help = (
        "Re-encrypt the stored tokens and secrets with the first of FIELD_ENCRYPTION_KEYS. Afterwards the other keys "
        "can be dropped. A run that was stopped is taken up by the next one. Exit code 1 when no key reads a secret."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be re-encrypted")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        seen = changed = unreadable = 0
        for secret in progress(rotate(dry_run=dry_run), unit="secret"):
            seen += 1
            changed += secret.changed
            unreadable += secret.unreadable
            if secret.unreadable:
                self.stderr.write(f"{secret.place}: no key of FIELD_ENCRYPTION_KEYS reads it.")
        verb = "would be re-encrypted" if dry_run else "re-encrypted"
        self.stdout.write(
            f"{seen} secrets: {changed} {verb}, {seen - changed - unreadable} had the first key already."
        )
        if unreadable:
            self.stderr.write(
                f"{unreadable} cannot be read: add the key that wrote them, or enter them anew."
            )
            sys.exit(1)
