"""Fills an empty database with invented conversations."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.progress import progress
from messaging.services.seeding import Size, has_foreign_clients, seed

FOREIGN = (
    "This database has clients that this command did not make. Take another one, or say --force to put invented "
    "clients beside them."
)


class Command(BaseCommand):
    help = (
        "Make invented clients (seed-1, seed-2, …) with conversations, messages and media, to build front ends on and "
        "to measure with. Their numbers are switched off: no provider hears of them. An interrupted run leaves nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--conversations", type=int, default=1_000, metavar="N")
        parser.add_argument("--messages", type=int, default=50_000, metavar="N")
        parser.add_argument("--clients", type=int, default=3, metavar="N", help="the first is the largest")
        parser.add_argument("--media", type=int, metavar="N", help="messages with a file (every tenth)")
        parser.add_argument("--force", action="store_true", help="also where there are other clients")

    def handle(self, *, force: bool, **options: Any) -> None:
        size = size_of(options)
        if has_foreign_clients() and not force:
            raise CommandError(FOREIGN)
        with progress(total=size.messages, unit="message") as bar:
            for done in seed(size, now=timezone.now()):
                bar.update(done)
        self.stdout.write(
            f"{size.clients} clients with {size.conversations} conversations, {size.messages} messages and "
            f"{size.media} files. Nobody can log in as their people before `manage.py changepassword seed-1-manager`."
        )


def size_of(options: dict[str, Any]) -> Size:
    media = options["media"]
    size = Size(
        conversations=options["conversations"],
        messages=options["messages"],
        clients=options["clients"],
        media=options["messages"] // 10 if media is None else media,
    )
    if not 0 < size.clients <= size.conversations <= size.messages or not 0 <= size.media <= size.messages:
        raise CommandError(
            "There is a conversation for each client, a message for each, and no more files than those."
        )
    return size
