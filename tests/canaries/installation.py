"""A web server and a worker as real processes, with planted secrets in their settings and rows."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests
from django.conf import settings

from scripts.processes import free_port, stream, web
from tests.messaging.streaming.ears import ROOT, database_url
from tests.simulator.server import Simulator

SETTINGS = {
    "SECRET_KEY": "canary-secret-key-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
    "METRICS_TOKEN": "canary-metrics-token-77",
}


@dataclass
class Installation:
    folder: Path
    sim: Simulator
    port: int = field(default_factory=free_port)
    stream_port: int = field(default_factory=free_port)
    children: list[Any] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        return f"http://127.0.0.1:{self.stream_port}"

    def environment(self) -> dict[str, str]:
        return os.environ | SETTINGS | {
            "DJANGO_SETTINGS_MODULE": "multichat.settings",
            "DATABASE_URL": database_url(),
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "VAR_DIR": str(self.folder),
            "SPOOL_DIR": str(self.folder / "spool"),
            "PUBLIC_BASE_URL": self.url,
            "STREAM_BASE_URL": self.stream_url,
            "WAPI_BASE_URL": self.sim.wapi_base,
            "CLOUD_API_BASE_URL": self.sim.cloud_base,
            "WHATSAPP_CDN_BASE_URL": self.sim.cdn_base,
            "MEDIA_EXTRA_HOSTS": self.sim.host,
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "json",
        }  # fmt: skip

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def start(self, name: str, *words: str) -> None:
        with self.log(name).open("wb") as log:
            command = [sys.executable, *words]
            options: Any = {"cwd": ROOT, "env": self.environment(), "start_new_session": True}
            self.children.append(psutil.Popen(command, stdout=log, stderr=log, **options))

    def run(self, name: str, *words: str) -> None:
        done = subprocess.run(
            [sys.executable, *words],
            env=self.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.seen[f"command {name}"] = done.stdout + done.stderr

    def see_processes(self) -> None:
        """What others on the machine can read of our processes, and what those that open foreign files are given."""
        for child in self.children:
            for process in [child, *child.children(recursive=True)]:
                line = " ".join(process.cmdline())
                self.seen[f"command line of {process.pid}"] = line
                if "media.rendering" in line:
                    self.seen[f"environment of {process.pid}"] = str(process.environ())

    def stop(self) -> None:
        for child in self.children:
            for process in [child, *child.children(recursive=True)]:
                if process.is_running():
                    process.terminate()
        for child in self.children:
            child.wait(20)
            child.poll()
        for path in self.folder.glob("*.log"):
            self.seen[f"log of {path.stem}"] = path.read_text(errors="replace")


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    with Simulator() as sim:
        made = Installation(folder, sim)
        made.start("web", *web(made.port).command[1:])
        made.start("stream", *stream(made.stream_port).command[1:])
        made.start("worker", "manage.py", "worker")
        try:
            wait_until(lambda: _answers(f"{made.url}/admin/login/"))
            yield made
        finally:
            made.stop()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=10).ok
    except requests.RequestException:
        return False


def wait_until(is_so: Any, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
