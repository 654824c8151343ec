"""Rows for the files of a list, for workers to share."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from tests.bench.app.cast import make_instance
from tests.bench.app.management.commands.bench_fetching import register


class Command(BaseCommand):
    help = "Register the files of a list, due at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("list", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        register(make_instance(), json.loads(options["list"].read_text()))
