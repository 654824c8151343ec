"""The course of a storm: set up, rage, calm down, judge."""

import json
import logging
import os
import random
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tests import environment
from tests.chaos.storm.ground import ROOT, Database, Disk, free_port, web, worker
from tests.chaos.storm.traffic import Traffic
from tests.chaos.storm.troubles import Troubles
from tests.simulator.server import Simulator
from tests.simulator.world import Line

WEBS, WORKERS, CARRIERS = 2, 3, 12
CALM_WITHIN, LOOK_SECONDS, NUDGE_SECONDS = 900.0, 2.0, 20.0
# What could not be had in such a time is asked for once more, as an operator would do the day after.
GIVEN_UP = "failed,expired"
log = logging.getLogger("storm")


@dataclass
class Storm:
    """``with Storm(seconds=…, rate=…, seed=…) as storm: storm.rage(); storm.calm_down(); storm.judge()``."""

    seconds: float
    rate: float
    seed: int
    report: dict[str, Any] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self.sim = self._open.enter_context(Simulator())
        self.database = self._open.enter_context(Database.made())
        self.disk = self._open.enter_context(Disk.mounted())
        self.log = self.database.folder / "processes.log"
        self.env = settings(self.sim, self.database, self.disk)
        self.manage("migrate", "--verbosity", "0")
        ports = [free_port() for _ in range(WEBS)]
        self.victims = [web(port, self.env, self.log) for port in ports]
        self.victims += [worker(number, self.env, self.log) for number in range(WORKERS)]
        lines = [self._line(facts) for facts in json.loads(self.manage("storm_lines"))]
        self.traffic = Traffic(self.sim, lines, ports, self.seed)
        self.troubles = Troubles(self.sim, self.database, self.disk, self.victims, random.Random(self.seed))
        for victim in self.victims:
            self._open.callback(victim.kill)
            victim.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def rage(self) -> None:
        """Until all that was written is also delivered."""
        carriers = [threading.Thread(target=self.traffic.carry, daemon=True) for _ in range(CARRIERS)]
        writer = threading.Thread(target=self._write, daemon=True)
        for thread in (*carriers, writer):
            thread.start()
        self.troubles.rage(self.seconds)
        self.disk.free()
        writer.join()
        self.traffic.close()
        for thread in carriers:
            thread.join()
        log.info("%d messages written, every webhook answered with 200", len(self.traffic.expected))

    def calm_down(self) -> None:
        """Files wait for hours after some failures; here they are asked for at once."""
        began = time.monotonic()
        self._wait_for_calm()
        asked = self.manage("redownload_media", "--state", GIVEN_UP)
        self.report["given up and asked again"] = asked.strip().splitlines()[-1]
        self._wait_for_calm()
        self.report["calm after, s"] = round(time.monotonic() - began)

    def judge(self) -> list[str]:
        """What is wrong; nothing, if the storm is weathered."""
        expected = self.database.folder / "expected.json"
        expected.write_text(json.dumps({name: asdict(one) for name, one in self.traffic.expected.items()}))
        found = json.loads(self.manage("storm_verdict", str(expected), self.env["SPOOL_DIR"]))
        self.report |= {
            "sent": self._sent(),
            "injected": dict(self.traffic.injected + self.troubles.injected),
            "webhooks answered": dict(self.traffic.answers),
            "found": found["found"],
            "wrong": found["wrong"],
        }
        wrong: list[str] = found["wrong"]
        return wrong

    def _sent(self) -> dict[str, int]:
        expected = self.traffic.expected.values()
        return {
            "messages": len(expected),
            "files": sum(bool(one.file) for one in expected),
            "files whose source died": sum(one.dead for one in expected),
        }

    def _write(self) -> None:
        began, number = time.monotonic(), 0
        while (passed := time.monotonic() - began) < self.seconds:
            self.traffic.write(number)
            number += 1
            time.sleep(max(0.0, number / self.rate - passed))

    def _wait_for_calm(self) -> None:
        began = nudged = time.monotonic()
        while (
            int(self.manage("storm_waits", self.env["SPOOL_DIR"])) and time.monotonic() - began < CALM_WITHIN
        ):
            time.sleep(LOOK_SECONDS)
            if time.monotonic() - nudged > NUDGE_SECONDS:
                nudged = time.monotonic()
                self.manage("redownload_media", "--state", "pending")
                self.troubles.look_after()

    def _line(self, facts: dict[str, str]) -> Line:
        line = Line(
            facts["provider"], facts["id"], facts["token"], facts["phone"], app_secret=facts["app_secret"]
        )
        line.use_webhook(f"http://127.0.0.1:{{port}}/webhook/receive/{facts['key']}/")
        return self.sim.world.add_line(line)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "django", *arguments]
        done = subprocess.run(command, env=self.env, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} failed: {done.stderr[-2000:]}")
        return done.stdout


def settings(sim: Simulator, database: Database, disk: Disk) -> dict[str, str]:
    environment.prepare()
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.chaos.app.settings",
        "DATABASE_URL": database.url,
        "MEDIA_ROOT": str(disk.folder / "media"),
        "SPOOL_DIR": str(disk.folder / "spool"),
        "MEDIA_EXTRA_HOSTS": sim.host,
        "WAPI_BASE_URL": sim.wapi_base,
        "CLOUD_API_BASE_URL": sim.cloud_base,
        "WHATSAPP_CDN_BASE_URL": sim.cdn_base,
        "WORKER_LEASE_SECONDS": "5",
        "WEBHOOK_LOOKUP_SECONDS": "1",
        "LOG_LEVEL": "WARNING",
    }


def write_report(storm: Storm, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(storm.report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
