"""What came through, as JSON."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from tests.chaos.app.expected import Expected
from tests.chaos.app.verdict import judge


class Command(BaseCommand):
    help = "Compare the database and the files with what was sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("expected", type=Path)
        parser.add_argument("spool", type=Path)

    def handle(self, *, expected: Path, spool: Path, **options: Any) -> None:
        sent = {name: Expected(**facts) for name, facts in json.loads(expected.read_text()).items()}
        verdict = judge(sent, spool)
        self.stdout.write(json.dumps({"found": verdict.found, "wrong": verdict.wrong}))
