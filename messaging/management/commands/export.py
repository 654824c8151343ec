"""Writes the data of a person, a conversation or a client as a ZIP."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.filters import find_client
from accounts.management.progress import progress, quiet_log
from accounts.models import Client
from messaging.models import Contact, Conversation, Export
from messaging.services import exporting


class Command(BaseCommand):
    help = (
        "Export a client, a conversation or a person: pages to read offline, JSON, the files and a manifest of their "
        "SHA-256. With --to it is written there and nothing else is kept; else it can be downloaded for EXPORT_DAYS."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        of = parser.add_mutually_exclusive_group(required=True)
        of.add_argument("--client", metavar="SLUG", help="all of this client (its slug or id)")
        of.add_argument("--conversation", type=int, metavar="ID", help="one conversation")
        of.add_argument("--contact", type=int, metavar="ID", help="one person")
        parser.add_argument("--to", metavar="FILE", help="write the ZIP there")

    def handle(self, *, to: str | None, **options: Any) -> None:
        target = Path(to) if to else None
        if target and not target.parent.is_dir():
            raise CommandError(f"There is no folder {target.parent}.")
        with quiet_log(options["verbosity"]):
            self._export(_chosen(options), target)

    def _export(self, what: Client | Conversation | Contact, target: Path | None) -> None:
        export = exporting.request_export(what, by=None, now=timezone.now())
        _make(export)
        export.refresh_from_db()
        if not export.is_ready:
            raise CommandError(
                f"Export {export.pk} is {export.state}: {export.error or 'a worker has it in hand'}."
            )
        told = f"messages: {export.messages}, files: {export.files}, files not there: {export.absent}"
        if target:
            _write(export, target)
            exporting.remove([export], "written to a file")
            self.stdout.write(f"Written to {target}: {told}.")
        else:
            self.stdout.write(f"Export {export.pk} is ready to download: {told}.")


def _chosen(options: dict[str, Any]) -> Client | Conversation | Contact:
    if options["client"]:
        found: Any = find_client(options["client"])
        return found  # type: ignore[no-any-return]
    model: Any = Conversation if options["conversation"] else Contact
    pk = options["conversation"] or options["contact"]
    row = model.objects.filter(pk=pk).first()
    if row is None:
        raise CommandError(f"There is no {model._meta.verbose_name} {pk}.")
    return row  # type: ignore[no-any-return]


def _make(export: Export) -> None:
    """A part that a running worker has in hand is waited for."""
    with progress(unit="message") as bar:
        for _ in exporting.make_now(Export.objects.filter(pk=export.pk), now=timezone.now):
            export.refresh_from_db(fields=("messages", "messages_total"))
            bar.total = export.messages_total
            bar.update(export.messages - bar.n)


def _write(export: Export, target: Path) -> None:
    """Under another name first: whoever finds the file finds all of it."""
    part = target.with_name(f"{target.name}.part")
    with part.open("wb") as content:
        for chunk in exporting.chunks(export):
            content.write(chunk)
        content.flush()
        os.fsync(content.fileno())
    part.replace(target)
