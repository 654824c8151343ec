"""Processes that belong together: started, watched and stopped as one."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_SECONDS = 20.0
UP_SECONDS = 60.0
LOOK_SECONDS = 0.1
LONGEST_PAUSE = 30.0
PR_SET_PDEATHSIG = 1
# The answer to "is it up" must not come from a proxy.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def chosen_port() -> int:
    """PORT, or a sentence when it cannot be had."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        sys.exit(f"PORT must be a number from 1 to 65535, not {text!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as exc:
            sys.exit(f"Port {text} cannot be used: {exc.strerror}. Choose another one with PORT=8001.")
    return int(text)


def port_beside(port: int) -> int:
    """The next one, or any that is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port + 1))
        except (OSError, OverflowError):
            return free_port()
    return port + 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_with_parent() -> None:
    """Runs in the child. Where it can be said (Linux), a kill -9 of this process ends the children too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One process in a group of its own, so that Ctrl-C reaches it through us alone."""

    name: str
    command: list[str]
    restarts: bool = False
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    pause: float = 0.0
    restart_at: float = 0.0

    def start(self, env: dict[str, str]) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=env, start_new_session=True, preexec_fn=_end_with_parent
        )

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tell_to_stop(self) -> None:
        if self.process and self.runs:
            self.process.terminate()

    def kill_what_is_left(self) -> None:
        """The whole group: a leader that died may have left children of its own."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            self.process.wait()


def web(port: int) -> Child:
    """No access log: paths of webhooks are credentials."""
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
    # Threads wait for media files that are read slowly; more of them would only use up database connections.
    options += ["--workers", "2", "--blocking-threads", "4", "--backpressure", "256"]
    options += ["--no-access-log", "--log-level", "error", "--respawn-failed-workers"]
    # Now and then one of its workers does not hear that it is to stop.
    options += ["--workers-kill-timeout", "10"]
    return Child("The web server", [sys.executable, "-m", "granian", *options, "multichat.wsgi:application"])


def stream(port: int) -> Child:
    """Open streams have nothing to finish: their clients come back, to here or to the next process."""
    options = [
        "--interface",
        "asginl",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-ws",
        "--workers",
        "1",
    ]
    options += ["--backpressure", "4000", "--no-access-log", "--log-level", "error"]
    options += ["--respawn-failed-workers", "--workers-kill-timeout", "1"]
    command = [sys.executable, "-m", "granian", *options, "multichat.asgi:application"]
    return Child("The live stream", command, restarts=True)


def worker() -> Child:
    return Child("The worker", [sys.executable, "manage.py", "worker"], restarts=True)


@dataclass
class Run:
    """``env`` is the children's environment. After ``with``, nothing that was started runs."""

    env: dict[str, str]
    children: list[Child] = field(default_factory=list)
    stopping: bool = False
    hurry: bool = False
    asked_at: float = 0.0

    def __enter__(self) -> "Run":
        for number in STOPS:
            signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(self, *_: object) -> None:
        for child in self.children:
            child.tell_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.runs for child in self.children) and time.monotonic() < deadline and not self.hurry:
            time.sleep(LOOK_SECONDS)
        for child in self.children:
            if child.runs:
                say(f"{child.name} did not stop and is killed. Nothing is lost: its work comes back.")
            child.kill_what_is_left()

    def start(self, *children: Child) -> None:
        for child in children:
            child.start(self.env)
            self.children.append(child)

    def finish(self, module: str) -> bool:
        """Run a module of ours to its end. False if it failed, which it has explained, or if we are to stop."""
        task = Child(module, [sys.executable, "-m", module])
        self.start(task)
        while task.runs and not self.stopping:
            time.sleep(LOOK_SECONDS)
        if task.runs or task.process is None or task.process.returncode:
            return False
        self.children.remove(task)
        return True

    def wait_for(self, address: str) -> bool:
        """Until something answers there, whatever it says."""
        deadline = time.monotonic() + UP_SECONDS
        while time.monotonic() < deadline and not self.stopping and self.look_after():
            if answers(address):
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def watch(self) -> int:
        """Until told to stop, or until something ends that must not. The exit code."""
        while not self.stopping:
            if not self.look_after():
                return 1
            time.sleep(LOOK_SECONDS)
        say("Stopping …")
        return 0

    def look_after(self) -> bool:
        return all(child.runs or self._revive(child) for child in self.children)

    def _revive(self, child: Child) -> bool:
        code = child.process.returncode if child.process else None
        if not child.restarts:
            say(f"{child.name} ended with status {code}; what it said stands above.")
            return False
        now = time.monotonic()
        if not child.restart_at:
            again = child.pause and now - child.started_at < LONGEST_PAUSE
            child.pause = min(child.pause * 2, LONGEST_PAUSE) if again else 1.0
            child.restart_at = now + child.pause
            say(f"{child.name} ended with status {code} and is started again in {child.pause:.0f} s.")
        elif now >= child.restart_at:
            child.restart_at = 0.0
            child.start(self.env)
        return True

    def _ask_to_stop(self, *_: object) -> None:
        """A signal can come twice, from the terminal and from make; only a later one means haste."""
        self.hurry = self.stopping and time.monotonic() - self.asked_at > 1
        self.asked_at = self.asked_at or time.monotonic()
        self.stopping = True


def answers(address: str) -> bool:
    try:
        _direct.open(address, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
