"""How much still waits to be read or fetched after the storm."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from tests.chaos.app.verdict import waiting


class Command(BaseCommand):
    help = "Print how many webhooks, files and spooled bodies wait."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("spool", type=Path)

    def handle(self, *, spool: Path, **options: Any) -> None:
        self.stdout.write(str(waiting(spool)))
