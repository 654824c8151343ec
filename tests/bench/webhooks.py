"""The webhook endpoint under load, beside a view that inserts one row: the same server, settings and database."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from scripts.processes import web
from tests.bench.ground import ROOT, Ground, Place
from tests.bench.origin import INSTANCE, free_port
from tests.bench.table import Line, show

PAYLOAD = ROOT / "tests" / "payloads" / "wapi" / "02-webhookReceived-imageMessage.json"
CONNECTIONS = 16
SECONDS = 8
STARTS_WITHIN_SECONDS = 60
WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = io.open("{body}", "rb"):read("*a")
done = function(summary, latency)
  local e = summary.errors
  local wrong = e.connect + e.read + e.write + e.status + e.timeout
  local rate, p99 = summary.requests / summary.duration * 1e6, latency:percentile(99) / 1000
  print(string.format("FIGURES %f %f %d", rate, p99, wrong))
end
"""


def run(ground: Ground) -> None:
    body = body_for(ground)
    load = Load(body, max(2, ground.less(SECONDS)))
    lines = [line for database in ("SQLite", "PostgreSQL") for line in lines_of(ground, load, database)]
    tool = "wrk" if load.wrk else "http.client"
    show(
        f"Webhooks: {CONNECTIONS} connections, {body.stat().st_size} bytes, loaded by {tool}, best of {ground.rounds}",
        lines,
    )


def body_for(ground: Ground) -> Path:
    body = ground.folder / "body.json"
    facts = json.loads(PAYLOAD.read_text()) | {"instanceId": INSTANCE}
    body.write_text(json.dumps(facts, separators=(",", ":")))
    return body


def lines_of(ground: Ground, load: "Load", database: str) -> list[Line]:
    rounds = [one_round(ground, load, database) for _ in range(ground.rounds)]
    ours, bare = ([one[side] for one in rounds] for side in ("ours", "bare"))
    wrong = sum(figures["errors"] for figures in ours + bare)
    return [
        Line(f"{database}: requests/s", most_of(ours, "rate"), most_of(bare, "rate"), least=0.8, digits=0),
        Line(f"{database}: p99, ms", least_of(ours, "p99"), least_of(bare, "p99"), digits=0),
        Line(f"{database}: server's CPU ms/request", least_of(ours, "cpu"), least_of(bare, "cpu")),
        Line(f"{database}: not answered with 200", wrong, most=0, digits=0),
    ]


def one_round(ground: Ground, load: "Load", database: str) -> dict[str, dict[str, float]]:
    # As the .env of `make run` says.
    place = ground.place(database, WEBHOOK_LOOKUP_SECONDS="1")
    key = place.run("django", "bench_instance").strip()
    with served(place) as server:
        for path in ("bare/", f"webhook/receive/{key}/"):
            load.put(server, path, seconds=1)
        return {
            "bare": load.put(server, "bare/"),
            "ours": load.put(server, f"webhook/receive/{key}/"),
        }


def most_of(figures: list[dict[str, float]], name: str) -> float:
    return max(one[name] for one in figures)


def least_of(figures: list[dict[str, float]], name: str) -> float:
    return min(one[name] for one in figures)


@dataclass(frozen=True)
class Server:
    url: str
    process: psutil.Process

    def cpu(self) -> float:
        times = [one.cpu_times() for one in self.process.children(recursive=True)]
        return sum(one.user + one.system for one in times)


@contextmanager
def served(place: Place, workers: int = 2) -> Iterator[Server]:
    """As `make run` starts it, but for the addresses and, where told, the number of processes."""
    port = free_port()
    command = [*web(port).command[:-1], "--workers", str(workers), "tests.bench.app.wsgi:application"]
    with (place.folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=place.env, stdout=log, stderr=log)
    try:
        server = Server(f"http://127.0.0.1:{port}/", psutil.Process(process.pid))
        wait_for(server.url)
        yield server
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}bare/", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the web server did not start")


@dataclass(frozen=True)
class Load:
    body: Path
    seconds: int

    @property
    def wrk(self) -> str:
        return shutil.which("wrk") or ""

    def put(self, server: Server, path: str, seconds: int = 0) -> dict[str, float]:
        before, seconds = server.cpu(), seconds or self.seconds
        figures = (self._with_wrk if self.wrk else self._with_python)(server.url + path, seconds)
        return figures | {"cpu": (server.cpu() - before) / (figures["rate"] * seconds) * 1000}

    def _with_wrk(self, url: str, seconds: int) -> dict[str, Any]:
        script = self.body.with_suffix(".lua")
        script.write_text(WRK_SCRIPT.format(body=self.body))
        options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script)]
        output = printed([self.wrk, *options, url])
        found = re.search(r"FIGURES (\S+) (\S+) (\d+)", output)
        if not found:
            raise RuntimeError(f"wrk said nothing: {output}")
        return {"rate": float(found[1]), "p99": float(found[2]), "errors": int(found[3])}

    def _with_python(self, url: str, seconds: int) -> dict[str, Any]:
        arguments = [url, str(self.body), str(seconds), str(CONNECTIONS)]
        figures: dict[str, Any] = json.loads(printed([sys.executable, "-m", "tests.bench.load", *arguments]))
        return figures


def printed(command: list[str]) -> str:
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
