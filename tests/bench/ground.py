"""What a benchmark stands on: a folder, empty databases, child processes that report in JSON."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.sql import SQL, Identifier

from tests import postgres

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = "tests.bench.app.settings"
# As in production: an answer means that the row is on the disk.
DURABLE = ("listen_addresses=", "max_connections=200")


@dataclass
class Ground:
    folder: Path
    postgres_url: str
    quick: bool
    rounds: int
    _numbers: Iterator[int] = field(default_factory=count)

    @classmethod
    @contextmanager
    def prepared(cls, *, quick: bool, rounds: int) -> Iterator[Self]:
        folder = tempfile.TemporaryDirectory(prefix="multichat-bench-", ignore_cleanup_errors=True)
        with folder as name, postgres.server(DURABLE) as url:
            yield cls(Path(name), url, quick, rounds)

    def less(self, number: int) -> int:
        return max(1, number // 10) if self.quick else number

    def place(self, database: str, **settings: str) -> "Place":
        """A fresh database of ours, migrated, with a folder of its own for media and logs."""
        folder = self.folder / f"{database.lower()}-{next(self._numbers)}"
        folder.mkdir()
        place = Place(folder, environment(folder, self._database(database, folder)) | settings)
        place.run("django", "migrate", "--run-syncdb", "--verbosity", "0", "--skip-checks")
        return place

    def bare_place(self, folder: Path) -> "Place":
        return Place(folder, environment(folder, "sqlite://"))

    def _database(self, database: str, folder: Path) -> str:
        if database == "SQLite":
            return f"sqlite:///{folder / 'db.sqlite3'}"
        name = folder.name.replace("-", "_")
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return self.postgres_url.replace("/postgres?", f"/{name}?")


@dataclass(frozen=True)
class Place:
    folder: Path
    env: dict[str, str]

    def run(self, module: str, *arguments: str) -> str:
        """What the module printed; what it logged lies in the folder."""
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", module, *arguments]
            done = subprocess.run(
                command, env=self.env, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, check=False
            )
        if done.returncode:
            raise RuntimeError(f"{module} failed: {(self.folder / 'log').read_text()[-3000:]}")
        return done.stdout.decode()

    def measure(self, module: str, *arguments: str) -> dict[str, Any]:
        figures: dict[str, Any] = json.loads(self.run(module, *arguments).splitlines()[-1])
        return figures


def environment(folder: Path, database: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "BAILEYS_DIR") if name in os.environ}
    return kept | {
        "ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "SECRET_KEY": "only-for-benchmarks",
        "FIELD_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtISE=",
        "DATABASE_URL": database,
        "VAR_DIR": str(folder),
        "MEDIA_ROOT": str(folder / "media"),
    }
