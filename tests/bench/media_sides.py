"""The three sides of the media benchmarks, each a process of its own over the same list of files."""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.ground import ROOT, Ground
from tests.bench.origin import Origin

SCRIPT = Path(__file__).parent / "baileys.mjs"
WITHOUT_PEER = (
    "BAILEYS_DIR is not set, so the floor stands alone; docs/benchmarks.md says how to install Baileys."
)
Figures = dict[str, Any]


@dataclass(frozen=True)
class Sides:
    ground: Ground
    origin: Origin
    files: Path
    in_flight: int

    def ours(self, database: str) -> Figures:
        flight = {
            # What waits for a thread holds a lease too.
            "INSTANCE_CONCURRENCY": str(32 * self.in_flight),
            "WORKER_FETCH_THREADS": str(self.in_flight),
            "MEDIA_STRATEGIES": "cdn",
        }
        place = self.ground.place(database, **self.origin.settings, **flight)
        figures = place.measure("django", "bench_fetching", str(self.files))
        self._discard(place.folder)
        return figures

    def floor(self) -> Figures:
        target = self._target()
        place = self.ground.bare_place(self.ground.folder)
        figures = place.measure("tests.bench.loops", str(self.files), str(target), str(self.in_flight))
        self._discard(target)
        return figures

    def peer(self) -> Figures | None:
        if not os.environ.get("BAILEYS_DIR"):
            return None
        target = self._target()
        command = ["node", str(SCRIPT), str(self.files), str(target), str(self.in_flight)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        self._discard(target)
        if done.returncode:
            raise RuntimeError(f"Baileys failed: {done.stderr[-2000:]}")
        found: Figures = json.loads(done.stdout.splitlines()[-1])
        return found

    def _target(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="plain-", dir=self.ground.folder))

    def _discard(self, folder: Path) -> None:
        """ext4 shuns the inodes of files removed a moment ago, at the next one's cost: many small ones stay."""
        if self.in_flight == 1:
            shutil.rmtree(folder)


def best(figures: list[Figures]) -> Figures:
    """Of each figure the least: what else the machine did only ever adds."""
    return {name: min(one[name] for one in figures) for name in figures[0]}


def ask_for_baileys() -> str:
    return "" if os.environ.get("BAILEYS_DIR") else WITHOUT_PEER
