"""What the storm rages on: a PostgreSQL to crash, a disk to fill, processes to kill."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests import postgres

ROOT = Path(__file__).resolve().parents[3]
DISK_MIB = 1024
DURABLE = ("listen_addresses=", "max_connections=100")
WEB = "--interface wsgi --no-ws --workers 1 --blocking-threads 4 --no-access-log --log-level critical"


@dataclass
class Database:
    """With fsync as in production: a crash is to lose nothing that was acknowledged."""

    folder: Path
    programs: Path
    account: str | None
    process: "subprocess.Popen[bytes] | None" = None

    @classmethod
    @contextmanager
    def made(cls) -> Iterator["Database"]:
        account = "nobody" if os.geteuid() == 0 else None
        with tempfile.TemporaryDirectory(prefix="multichat-storm-", ignore_cleanup_errors=True) as name:
            if account:
                shutil.chown(name, account)
            database = cls(Path(name), postgres.programs_for(Path(name), account), account)
            database.start()
            try:
                yield database
            finally:
                database.crash()

    @property
    def url(self) -> str:
        return f"postgres://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        options = [part for setting in DURABLE for part in ("-c", setting)]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *options],
                stdout=log,
                stderr=log,
                user=self.account,
                cwd=self.folder,
                start_new_session=True,
            )
        postgres.url_when_ready(self.folder)

    def crash(self) -> None:
        """As by a power cut: every process of it at once, and no farewell."""
        if self.process and self.process.poll() is None:
            for pid in _family(self.process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()


def _family(pid: int) -> list[int]:
    """PostgreSQL's children lead groups of their own."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [pid, *map(int, found.stdout.split())]


@dataclass
class Disk:
    """A small file system for the files and the spool. Mounting it takes root; without it the disk stays unfilled."""

    folder: Path
    can_be_filled: bool = False

    @classmethod
    @contextmanager
    def mounted(cls) -> Iterator["Disk"]:
        with tempfile.TemporaryDirectory(prefix="multichat-disk-", ignore_cleanup_errors=True) as name:
            command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none", name]
            done = subprocess.run(command, capture_output=True, check=False)
            try:
                yield cls(Path(name), done.returncode == 0)
            finally:
                if done.returncode == 0:
                    subprocess.run(["umount", "-l", name], check=False)

    def fill(self) -> None:
        with suppress(OSError), (self.folder / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(b"\0" * 1024 * 1024)

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)


@dataclass
class Victim:
    """A process with its children, in a group that dies as one."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def look_after(self) -> bool:
        """Whether it had ended by itself, and was started again as systemd would do it."""
        if self.process is None or self.process.poll() is None:
            return False
        time.sleep(0.5)
        self.start()
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def web(port: int, env: dict[str, str], log: Path) -> Victim:
    command = ["-m", "granian", *WEB.split(), "--port", str(port), "multichat.wsgi:application"]
    return Victim(f"web {port}", command, env, log)


def worker(number: int, env: dict[str, str], log: Path) -> Victim:
    return Victim(f"worker {number}", ["-m", "django", "worker"], env, log)
