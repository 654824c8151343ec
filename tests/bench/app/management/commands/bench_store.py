"""Stored webhook events of several lines, for workers to share."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.models import Client, WhatsappInstance
from messaging.models import WebhookEvent
from tests.bench.app.cast import the_client
from tests.bench.app.management.commands.bench_events import mix


class Command(BaseCommand):
    help = "Store that many webhook events, of that many lines in turn."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int)
        parser.add_argument("lines", type=int)

    def handle(self, *, count: int, lines: int, **options: Any) -> None:
        now = timezone.now() - timedelta(seconds=60)
        made = [_line(the_client(), number) for number in range(lines)]
        # As they come: one of each line after the other.
        turns = zip(*[mix(line, count // lines) for line in made], strict=True)
        rows = [
            WebhookEvent(instance=line, body=body, received_at=now, next_attempt_at=now)
            for turn in turns
            for line, body in zip(made, turn, strict=True)
        ]
        WebhookEvent.objects.bulk_create(rows, batch_size=500)


def _line(client: Client, number: int) -> WhatsappInstance:
    facts = {"instance_id": f"BENCH-{number}", "token": f"bench-token-{number}", "provider": "wapi"}
    return WhatsappInstance.objects.create(client=client, name=f"Line {number}", **facts)
