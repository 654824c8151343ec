"""The loopback CDN: the simulator as a process of its own, and the files it holds."""

import base64
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.bench.ground import ROOT

INSTANCE = "BENCH1-BENCH2-BENCH3"
STARTS_WITHIN_SECONDS = 30


@dataclass(frozen=True)
class Origin:
    url: str

    @property
    def settings(self) -> dict[str, str]:
        host = self.url.removeprefix("http://")
        return {
            "WHATSAPP_CDN_BASE_URL": self.url,
            "MEDIA_EXTRA_HOSTS": host,
            "WAPI_BASE_URL": f"{self.url}/v1",
        }

    def make(self, path: Path, *, size: int, count: int = 1) -> Path:
        """A list of documents of that size, as their messages would describe them; no pictures are made of them."""
        facts = {"kind": "document", "mimetype": "application/octet-stream"}
        wish = {"line": INSTANCE, "size": size, "count": count, **facts}
        files = self._post("files", wish)
        path.write_text(json.dumps([self._described(file) for file in files]))
        return path

    def _described(self, file: dict[str, Any]) -> dict[str, Any]:
        names = ("id", "kind", "mimetype", "size", "direct_path", "sha256", "enc_sha256")
        key = base64.b64decode(file["media_key"]).hex()
        return {name: file[name] for name in names} | {
            "media_key": key,
            "url": self.url + file["direct_path"],
        }

    def _post(self, door: str, facts: dict[str, Any]) -> Any:
        answer = requests.post(f"{self.url}/_sim/{door}", json=facts, timeout=600)
        answer.raise_for_status()
        return answer.json()

    def wait(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < deadline:
            try:
                requests.get(f"{self.url}/_sim/health", timeout=5)
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                line = {"provider": "wapi", "id": INSTANCE, "token": "bench-token", "phone": "5511900001111"}
                self._post("lines", line)
                return
        raise RuntimeError("the simulator did not start")


@contextmanager
def origin(folder: Path) -> Iterator[Origin]:
    port = free_port()
    command = [sys.executable, "-m", "tests.simulator", "--port", str(port)]
    with (folder / "simulator.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        place = Origin(f"http://127.0.0.1:{port}")
        place.wait()
        yield place
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
