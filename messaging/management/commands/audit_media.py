"""Compares the rows of media files and exports with what lies in the storage."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from accounts.management.filters import find_client
from accounts.management.progress import above_the_bar, progress
from accounts.models import Client
from media.services import auditing, auditing_renditions, recounting
from messaging.services.exporting import leftovers


class Command(BaseCommand):
    help = (
        "Find ready media files whose file is gone or has a wrong hash, and files that belong to no row. "
        "Exit code 1 when something is wrong and was not put right."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--client", metavar="SLUG", help="of this client only (its slug or id)")
        parser.add_argument(
            "--fix",
            action="store_true",
            help="mark missing what is lost; remove files without row, older than a day; count what is stored anew",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="with --fix: only say what would be done; nothing is changed",
        )
        depth = parser.add_mutually_exclusive_group()
        depth.add_argument(
            "--hash", action="store_true", help="read every file and compare its hash (the default)"
        )
        depth.add_argument(
            "--quick", action="store_true", help="compare sizes only, without reading the files"
        )

    def handle(self, *, fix: bool, quick: bool, dry_run: bool, **options: Any) -> None:
        client = find_client(options["client"])
        fix = fix and not dry_run
        left = self._audit_rows(client, fix=fix, hashes=not quick)
        left += self._audit_renditions(client, fix=fix) + self._audit_strays(client, fix=fix)
        self._audit_counts(client, fix=fix)
        if left:
            sys.exit(1)

    def _audit_rows(self, client: Client | None, *, fix: bool, hashes: bool) -> int:
        checked = wrong = marked = 0
        for fault in with_progress(client, hashes=hashes):
            checked += 1
            if fault is None:
                continue
            wrong += 1
            done = fix and auditing.mark_lost(fault)
            marked += done
            end = ", now marked missing" if done else ""
            self._tell(
                f"media file {fault.media_file.pk}: {fault.reason}{end} ({fault.media_file.file.name})"
            )
        self.stdout.write(
            f"{checked} ready media files: {checked - wrong} good, {wrong} not{_fixed(marked, 'marked')}."
        )
        if marked:
            self.stdout.write("To fetch them again: redownload_media --state missing")
        return wrong - marked

    def _audit_renditions(self, client: Client | None, *, fix: bool) -> int:
        checked = wrong = again = 0
        now, rows = timezone.now(), auditing_renditions.with_files(client)
        for lack in progress(auditing_renditions.check(rows), total=rows.count(), unit="rendition"):
            checked += 1
            if lack is None:
                continue
            wrong += 1
            done = fix and auditing_renditions.put_right(lack, now=now)
            again += done
            end = ", made again by the worker" if done else ""
            self._tell(f"{lack.rendition}: {lack.reason}{end}")
        good = checked - wrong
        self.stdout.write(
            f"{checked} renditions: {good} good, {wrong} not{_fixed(again, 'asked for again')}."
        )
        return wrong - again

    def _audit_strays(self, client: Client | None, *, fix: bool) -> int:
        found = removed = size = 0
        now = timezone.now()
        for stray in chain(auditing.strays(client), leftovers.strays(client)):
            found += 1
            size += stray.size
            done = fix and auditing.remove_stray(stray, now=now)
            removed += done
            young = " (younger than a day: stays)" if fix and not done else ""
            self._tell(f"file without row: {stray.name}{', removed' if done else young}")
        self.stdout.write(f"{found} files without row, {filesizeformat(size)}{_fixed(removed, 'removed')}.")
        return found - removed

    def _audit_counts(self, client: Client | None, *, fix: bool) -> None:
        """No file is wrong because of it, so the exit code says nothing of it."""
        for one in recounting.miscounts(client):
            counted, found = (
                f"{files} files, {filesizeformat(size)}" for files, size in (one.counted, one.found)
            )
            if fix:
                recounting.put_right(one.client)
            self.stdout.write(f"{one.name}: counted {counted}; stored {found}{', put right' if fix else ''}.")

    def _tell(self, line: str) -> None:
        """Above the progress bar, where there is one."""
        with above_the_bar():
            self.stdout.write(line)


def with_progress(client: Client | None, *, hashes: bool) -> Iterator[auditing.Fault | None]:
    rows = auditing.ready_files(client)
    answers = auditing.check_files(rows, hashes=hashes)
    yield from progress(answers, total=rows.count(), unit="file")


def _fixed(count: int, word: str) -> str:
    return f", {count} {word}" if count else ""
