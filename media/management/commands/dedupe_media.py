"""Makes one of what a client has stored more than once."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from accounts.management.filters import find_client
from accounts.management.progress import above_the_bar, progress, quiet_log
from media.services.deduping import doubles, merge


class Command(BaseCommand):
    help = (
        "Find identical files that one client has stored more than once, from before they were shared, and keep one "
        "of each; the one that is kept is read and compared first. Broken off, it is simply started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--client", metavar="SLUG", help="of this client only (its slug or id)")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be merged")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        found = removed = size = broken = 0
        with quiet_log(options["verbosity"]):
            for double in progress(doubles(find_client(options["client"])), unit="file"):
                found += 1
                gone = double.too_many if dry_run else merge(double, now=timezone.now())
                removed += gone
                size += gone * double.size
                if not gone:
                    broken += 1
                    with above_the_bar():
                        self.stderr.write(f"{double.sha256}: no whole file; audit_media says more")
        word = "would be removed" if dry_run else "removed"
        self.stdout.write(f"{found} files stored more than once: {removed} {word}, {filesizeformat(size)}.")
        if broken:
            sys.exit(1)
