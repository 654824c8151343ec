"""A running simulator, a line at each provider, and an inbox that keeps the webhooks it is sent."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.simulator.server import Simulator
from tests.simulator.world import Line


@dataclass
class Inbox:
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    raw: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 5
        while len(self.bodies) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.bodies


def answering(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            inbox.raw.append((dict(self.headers), raw))
            inbox.bodies.append(json.loads(raw))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Silence."""

    return Handler


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    found = Inbox()
    with ThreadingHTTPServer(("127.0.0.1", 0), answering(found)) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def wapi_line(sim: Simulator) -> Line:
    line = Line(
        "wapi", "AB12CD-EF34GH-IJ56KL", "wapi-token", "5511900001111", "Padaria", "100000000011111@lid"
    )
    return sim.world.add_line(line)


@pytest.fixture
def cloud_line(sim: Simulator) -> Line:
    line = Line(
        "cloud", "800000000000001", "cloud-token", "5511900000001", "Clínica", app_secret="app-secret"
    )
    return sim.world.add_line(line)
