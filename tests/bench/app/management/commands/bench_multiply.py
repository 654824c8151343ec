"""Makes a seeded inbox that many times larger."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tests.bench.app.multiplying import multiply


class Command(BaseCommand):
    help = "Copy everything that `seed` made, that many times. PostgreSQL only, by a superuser."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("copies", type=int)

    def handle(self, *, copies: int, **options: Any) -> None:
        began = time.monotonic()
        for table in multiply(copies):
            self.stdout.write(f"{time.monotonic() - began:7.1f} s  {table}")
