"""What happens to the processes, the database, the disk and the world outside, until the time is over."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.storm.ground import Database, Disk, Victim
from tests.simulator.server import Simulator

PAUSE = (1.5, 5.0)
POINTS = ("cdn", "download-media", "file-link", "media-info", "media-download")
FAULTS: dict[str, dict[str, Any]] = {
    "answers 500": {"status": 500},
    "answers 429": {"status": 429, "retry_after": "2"},
    "times out": {"stall_at": 700, "stall_seconds": 45},
    "cuts": {"cut_at": 1500},
    "flips a bit": {"flip_at": 1200},
    "truncates": {"truncate_at": 900},
    "resets": {"reset_at": 1100},
    "sends a page": {"html": True},
}


@dataclass
class Troubles:
    sim: Simulator
    database: Database
    disk: Disk
    victims: list[Victim]
    dice: random.Random
    injected: Counter[str] = field(default_factory=Counter)

    def rage(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        acts: list[tuple[Callable[[], None], int]] = [
            (self._kill, 10),
            (self._spoil, 10),
            (self._crash_database, 1),
            (self._fill_disk, 1 if self.disk.can_be_filled else 0),
        ]
        while time.monotonic() < end:
            time.sleep(self.dice.uniform(*PAUSE))
            self.dice.choices([act for act, _ in acts], [weight for _, weight in acts])[0]()
            self.look_after()
        for point in POINTS:
            self.sim.world.faults.clear(point)

    def look_after(self) -> None:
        for victim in self.victims:
            if victim.look_after():
                self.injected[f"{victim.name.split()[0]} ended by itself"] += 1

    def _kill(self) -> None:
        victim = self.dice.choice(self.victims)
        victim.kill()
        self.injected[f"{victim.name.split()[0]} killed"] += 1
        time.sleep(self.dice.uniform(0, 2))
        victim.start()

    def _crash_database(self) -> None:
        self.database.crash()
        self.injected["PostgreSQL crashed"] += 1
        time.sleep(self.dice.uniform(0.5, 8))
        self.database.start()

    def _fill_disk(self) -> None:
        """In the background, so that processes die on a full disk too."""
        self.injected["disk filled"] += 1
        self.disk.fill()
        threading.Timer(self.dice.uniform(4, 12), self.disk.free).start()

    def _spoil(self) -> None:
        point, name = self.dice.choice(POINTS), self.dice.choice(list(FAULTS))
        self.sim.world.fault(point, **FAULTS[name], times=self.dice.randint(1, 12))
        self.injected[f"{point} {name}"] += 1
