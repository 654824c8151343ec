"""A web server whose database goes away, hangs and comes back: every webhook is answered 200, and there once."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import pytest
from django.db import connection

from messaging.models import Gap, Message, WebhookEvent
from messaging.services.intake import Intake
from messaging.services.spooling import spool
from tests.chaos.test_kill import ROOT, database_url, free_port
from tests.loading import raw_payload
from tests.simulator.delivery import signature
from tests.telling import APP_SECRET, address, make_cloud, make_wapi, process

pytestmark = pytest.mark.django_db(transaction=True)

TEXT, META = raw_payload("wapi", "01"), raw_payload("cloud", "01")
UP_WITHIN = 60
# Longer than the web server waits for a statement.
ANSWER_WITHIN = 20


@dataclass
class Relay:
    """Between the web server and PostgreSQL's socket: it can be cut, or swallow what is said."""

    target: str
    port: int = field(default_factory=free_port)
    mute: bool = False
    _listener: socket.socket | None = None
    _open: list[socket.socket] = field(default_factory=list)

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        for one in (*self._open, self._listener):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
            one.close()  # type: ignore[union-attr]
        self._open.clear()

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                ours, _ = listener.accept()
                theirs = socket.socket(socket.AF_UNIX)
                theirs.connect(self.target)
                self._open += [ours, theirs]
                for source, sink in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                while self.mute:
                    time.sleep(0.05)
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@dataclass
class Away:
    """How this database is taken away, and by which address the web server reaches it."""

    folder: Path
    relay: Relay | None = None

    @property
    def url(self) -> str:
        parts = urlsplit(database_url())
        if self.relay:
            user = parts.username or "postgres"
            return urlunsplit(("postgres", f"{user}@127.0.0.1:{self.relay.port}", parts.path, "", ""))
        return f"sqlite:///{self.folder / 'here' / Path(parts.path).name}"

    def come(self) -> None:
        if self.relay:
            self.relay.start()
        else:
            (self.folder / "here").symlink_to(Path(urlsplit(database_url()).path).parent)

    def go(self) -> None:
        if self.relay:
            self.relay.cut()
        else:
            (self.folder / "here").unlink()


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Away]:
    relay = None
    if connection.vendor == "postgresql":
        host = dict(parse_qsl(urlsplit(os.environ["DATABASE_URL"]).query)).get("host", "")
        if not host.startswith("/"):
            pytest.skip("the relay leads to a socket in the file system")
        relay = Relay(f"{host}/.s.PGSQL.5432")
    made = Away(tmp_path, relay)
    made.come()
    yield made
    with suppress(OSError):
        made.go()


@dataclass
class Web:
    port: int

    def post(self, path: str, body: bytes, **headers: str) -> int:
        told = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, told)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_WITHIN) as response:
                return int(response.status)
        except urllib.error.HTTPError as exc:
            return exc.code


@contextmanager
def web(away: Away, spool_folder: Path) -> Iterator[Web]:
    port = free_port()
    env = os.environ | {"DATABASE_URL": away.url, "SPOOL_DIR": str(spool_folder), "LOG_LEVEL": "ERROR"}
    env["DJANGO_SETTINGS_MODULE"] = "multichat.settings"
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
    options += ["--workers", "1", "--blocking-threads", "4", "--no-access-log", "--log-level", "error"]
    command = [sys.executable, "-m", "granian", *options, "multichat.wsgi:application"]
    child = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    try:
        _wait_for(port)
        yield Web(port)
    finally:
        child.terminate()
        child.wait(20)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + UP_WITHIN
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    pytest.fail("the web server did not start")


def message(number: int) -> bytes:
    facts: dict[str, Any] = json.loads(TEXT)
    return json.dumps(facts | {"messageId": f"3EB0{number:018X}"}).encode()


def taken_in() -> None:
    time.sleep(0.6)
    intake = Intake()
    while spool().names():
        intake.turn()
    process()


def test_nothing_is_lost_and_nothing_doubled_while_the_database_is_away(
    away: Away, spool_folder: Path
) -> None:
    """Some before, some while it is away to one who knows the line and to one who was started meanwhile, some after."""
    line, meta = make_wapi(), make_cloud()
    signed = {"X-Hub-Signature-256": signature(APP_SECRET, META)}
    with web(away, spool_folder) as first:
        answers = [first.post(address(line), message(number)) for number in range(3)]
        away.go()
        answers += [first.post(address(line), message(number)) for number in range(3, 6)]
        with web(away, spool_folder) as second:
            answers += [second.post(address(line), message(number)) for number in range(5, 9)]
            answers += [second.post(address(meta), META, **signed)]
            assert second.post(address(meta), META + b" ", **signed) == 200
            assert second.post("/webhook/receive/nobody/", message(99)) == 200
        assert first.post(address(line), b"{") == 400
        assert len(spool().names()) == 10
        away.come()
        time.sleep(1.5)
        answers += [first.post(address(line), message(number)) for number in range(9, 12)]
    assert answers == [200] * len(answers)
    taken_in()
    ids = list(
        Message.objects.filter(conversation__instance=line).values_list("provider_message_id", flat=True)
    )
    assert sorted(ids) == [f"3EB0{number:018X}" for number in range(12)]
    assert Message.objects.filter(conversation__instance=meta).count() == 1
    assert WebhookEvent.objects.filter(source=None).count() == 6
    assert {gap.instance_id for gap in Gap.objects.filter(why="spooled")} == {line.pk, meta.pk}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is in the process itself")
def test_a_database_that_hangs_does_not_hang_the_endpoint(away: Away, spool_folder: Path) -> None:
    """Its server says nothing any more, to open connections and to new ones."""
    line = make_wapi()
    with web(away, spool_folder) as server:
        assert server.post(address(line), message(1)) == 200
        assert away.relay
        away.relay.mute = True
        started = time.monotonic()
        assert server.post(address(line), message(2)) == 200
        first = time.monotonic() - started
        for number in range(3, 6):
            assert server.post(address(line), message(number)) == 200
        assert (first < 25, time.monotonic() - started - first < 25) == (True, True)
        away.relay.mute = False
    taken_in()
    assert Message.objects.count() == 5
