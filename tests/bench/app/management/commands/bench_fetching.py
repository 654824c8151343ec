"""The product's side of the media benchmarks: rows for the files of a list, then the worker until all are ready."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.providers.events import MediaDescriptor, MediaKind
from media.models import FetchAttempt, MediaFile
from media.services import new_media_file
from messaging.services.working import Worker
from tests.bench.app.cast import make_instance
from tests.bench.cost import cost


class Command(BaseCommand):
    help = "Fetch the files of a list and say what it cost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("list", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        files = json.loads(options["list"].read_text())
        instance = make_instance()
        Worker().drain()
        register(instance, files)
        worker = Worker()
        with cost() as found:
            worker.drain()
        check(len(files), sum(file["size"] for file in files))
        found.report()


def register(instance: WhatsappInstance, files: list[dict[str, Any]]) -> None:
    now = timezone.now()
    chat = "5511900002222@s.whatsapp.net"
    rows = [
        new_media_file(instance=instance, chat_id=chat, media=described(file), received_at=now, now=now)
        for file in files
    ]
    MediaFile.objects.bulk_create(rows)


def described(file: dict[str, Any]) -> MediaDescriptor:
    return MediaDescriptor(
        kind=MediaKind(file["kind"]),
        mimetype=file["mimetype"],
        size=file["size"],
        media_key=bytes.fromhex(file["media_key"]),
        direct_path=file["direct_path"],
        url=file["url"],
        sha256=bytes.fromhex(file["sha256"]),
        enc_sha256=bytes.fromhex(file["enc_sha256"]),
    )


def check(count: int, size: int) -> None:
    """A benchmark of something that did not happen would be quick."""
    ready = list(MediaFile.objects.filter(state=MediaFile.State.READY))
    there = sum((Path(settings.MEDIA_ROOT) / str(row.file)).stat().st_size for row in ready)
    if len(ready) != count or there != size or FetchAttempt.objects.count() != count:
        raise CommandError(f"{len(ready)} of {count} files are ready, with {there} of {size} bytes")
