"""Moves stored files to the place that MEDIA_STORAGE names, from the one that MEDIA_STORAGE_ALSO names."""

import sys
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from accounts.management.progress import above_the_bar, progress, quiet_log
from media.services.moving import Outcome, Step, how_many, is_left, items, move

OTHER = {"s3": "file", "file": "s3"}


class Command(BaseCommand):
    help = (
        "Move stored files and renditions to the other place while the system runs. Every copy is compared by its "
        "SHA-256 before its source is removed. Broken off, it is simply started again. Exit code 1 when something "
        "could not be moved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--to", required=True, choices=sorted(OTHER), help="the place that MEDIA_STORAGE names"
        )
        parser.add_argument("--limit", type=_positive, metavar="N", help="move so many files at most")
        parser.add_argument(
            "--keep", action="store_true", help="copy only: nothing is removed from the source"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be moved")

    def handle(self, *, to: str, limit: int | None, keep: bool, dry_run: bool, **options: Any) -> None:
        _check_settings(to)
        if dry_run:
            self._say_what_is_left(limit)
            return
        with quiet_log(options["verbosity"]):
            troubles = self._move(limit, keep_source=keep)
        if troubles:
            sys.exit(1)

    def _say_what_is_left(self, limit: int | None) -> None:
        names: set[str] = set()
        size = 0
        for item in progress(items(), total=how_many(), unit="file"):
            if len(names) == limit:
                break
            if item.held.name not in names and is_left(item):
                names.add(item.held.name)
                size += item.held.size
        self.stdout.write(f"{len(names)} files would be moved, {filesizeformat(size)}.")

    def _move(self, limit: int | None, *, keep_source: bool) -> int:
        counts: Counter[Outcome] = Counter()
        troubles = size = 0
        for item in progress(items(), total=how_many(), unit="file"):
            step = move(item, keep_source=keep_source)
            counts[step.outcome] += 1
            size += item.held.size if step.outcome == Outcome.MOVED else 0
            if step.is_trouble:
                troubles += 1
                self._tell(step)
            if counts[Outcome.MOVED] == limit:
                break
        word = "copied" if keep_source else "moved"
        told = ", ".join(f"{counts[one]} {one}" for one in Outcome if one != Outcome.MOVED and counts[one])
        self.stdout.write(
            f"{counts[Outcome.MOVED]} files {word}, {filesizeformat(size)}{told and '; '}{told}."
        )
        return troubles

    def _tell(self, step: Step) -> None:
        reason = f": {step.reason}" if step.reason else ""
        with above_the_bar():
            self.stderr.write(f"{step.item.held.name} {step.outcome}{reason}")


def _check_settings(to: str) -> None:
    if to != settings.MEDIA_STORAGE or OTHER[to] != settings.MEDIA_STORAGE_ALSO:
        raise CommandError(
            f"Set MEDIA_STORAGE={to} and MEDIA_STORAGE_ALSO={OTHER[to]}, and restart everything that runs: "
            "new files then go to the new place, and all are found in either."
        )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
