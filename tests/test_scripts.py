"""make run and make demo as people use them: started, looked at, stopped, started again. Nothing of them stays."""

import fcntl
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60
pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are of POSIX")


class Started:
    """A script in a process group of its own, as a terminal starts it."""

    def __init__(self, script, env, folder):
        self.env, self.log = env, folder / f"{script}.log"
        with self.log.open("wb") as log:
            command = [sys.executable, f"scripts/{script}"]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
            )

    def said(self, pattern):
        """Waits for it."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.log.read_text())):
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return found

    def stop(self, number=signal.SIGINT):
        children = descendants(self.process.pid)
        os.killpg(self.process.pid, number)
        code = self.process.wait(timeout=PATIENCE)
        return code, [pid for pid in children if is_alive(pid)]


def descendants(pid):
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in pairs if its_parent == parent]
    return found[1:]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def env(tmp_path):
    ours = ("DJANGO_SETTINGS_MODULE", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "ADMIN_USER", "ADMIN_PASSWORD")
    return {name: value for name, value in os.environ.items() if name not in ours} | {
        "ENV_FILE": str(tmp_path / ".env"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "MEDIA_ROOT": str(tmp_path / "media"),
        "PORT": str(free_port()),
    }


@pytest.fixture
def start(env, tmp_path):
    started = []

    def starter(script="run.py", **changes):
        started.append(Started(script, env | changes, tmp_path))
        return started[-1]

    yield starter
    for one in started:
        if one.process.poll() is None:
            one.stop(signal.SIGTERM)


@pytest.fixture
def only_demo():
    """There is one folder for demos; the suite's processes take turns."""
    with (ROOT / "var" / "tests-of-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_run_makes_what_is_missing_and_the_next_run_keeps_it(start, env, tmp_path):
    first = start()
    first.said("MultiChat runs on")
    assert first.said(r"user +admin\n +password +\S{16} ")
    with urllib.request.urlopen(f"http://127.0.0.1:{env['PORT']}/admin/login/", timeout=PATIENCE) as page:
        assert page.status == 200
    assert stream_of(first) == (401, "Bearer")
    assert first.stop() == (0, [])
    secrets = (tmp_path / ".env").read_text()
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    second = start()
    second.said("MultiChat runs on")
    assert "password" not in second.log.read_text()
    assert second.stop(signal.SIGTERM) == (0, [])
    assert (tmp_path / ".env").read_text() == secrets


def stream_of(run):
    """What its process answers to somebody without a login."""
    commands = [command_of(pid) for pid in descendants(run.process.pid)]
    (port,) = {re.search(r"--port (\d+)", command)[1] for command in commands if "multichat.asgi" in command}
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/stream/", timeout=PATIENCE).close()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers["WWW-Authenticate"]


def test_a_worker_that_dies_is_started_again(start):
    run = start(ADMIN_PASSWORD="chosen-by-hand")
    run.said("MultiChat runs on")
    assert "chosen-by-hand" not in run.log.read_text()
    worker = next(pid for pid in descendants(run.process.pid) if "manage.py worker" in command_of(pid))
    os.kill(worker, signal.SIGKILL)
    run.said("The worker ended with status -9 and is started again")
    deadline = time.monotonic() + PATIENCE
    while not any("manage.py worker" in command_of(pid) for pid in descendants(run.process.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert run.stop() == (0, [])


def command_of(pid):
    command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("script", ["run.py", "demo.py"])
def test_a_busy_port_is_named(start, script):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        run = start(script, PORT=str(port))
        assert run.process.wait(timeout=PATIENCE) == 1
    assert f"Port {port} cannot be used" in run.log.read_text()
    assert "PORT=8001" in run.log.read_text()


def test_a_wrong_setting_is_said_in_a_sentence(start):
    run = start(INSTANCE_CONCURRENCY="many")
    assert run.process.wait(timeout=PATIENCE) == 1
    assert "INSTANCE_CONCURRENCY must be a whole number" in run.log.read_text()
    assert "Traceback" not in run.log.read_text()


def test_the_demo_shows_conversations_with_media(start, only_demo, tmp_path):
    origin = "http://localhost:5173"
    demo = start("demo.py", API_ALLOWED_ORIGINS=origin)
    address = demo.said(r"The demo runs on (http://[^/]+)/")[1]
    assert allowed_origin(f"{address}/api/v1/me/", origin) == origin
    database = f"file:{ROOT / 'var/demo/db.sqlite3'}?mode=ro"
    assert counted(database, "messaging_message WHERE direction = 'inbound'", 10)
    assert counted(database, "messaging_message WHERE direction = 'outbound'", 5)
    assert counted(database, "media_mediafile WHERE state = 'ready'", 5)
    assert demo.stop() == (0, [])
    assert not (tmp_path / ".env").exists()
    assert not (tmp_path / "db.sqlite3").exists()


def allowed_origin(url, origin):
    """What a browser is told that asks before it calls."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    asked = urllib.request.Request(url, method="OPTIONS", headers=headers)
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        return answer.headers["Access-Control-Allow-Origin"]


def counted(database, what, least):
    deadline = time.monotonic() + PATIENCE
    with sqlite3.connect(database, uri=True, timeout=PATIENCE) as connection:
        while connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0] < least:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
    connection.close()
    return True
