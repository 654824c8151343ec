"""That a worker goes on working: told to systemd's watchdog, and in a file that `worker --healthy` looks at."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, time

import structlog
from django.conf import settings

from accounts import metrics

log = structlog.get_logger(__name__)

EVERY_SECONDS = 1.0
# A turn may last: a large batch, a sweep.
SILENT_SECONDS = 120.0


class Pulse:
    """``beat`` as often as one likes. A disk that takes no file is no reason not to work."""

    def __init__(self) -> None:
        self.mark = _folder() / f"{socket.gethostname()}-{os.getpid()}"
        self._beat_at = float("-inf")

    def begin(self) -> None:
        try:
            self.mark.parent.mkdir(parents=True, exist_ok=True)
            for mark, pid in _marks():
                if not _runs(pid):
                    mark.unlink(missing_ok=True)
            self.mark.touch()
        except OSError as exc:
            log.warning("no place for the worker's sign of life", error=exc.strerror)
        metrics.workers.set(1)
        self.beat()
        notify("READY=1")

    def beat(self) -> None:
        if monotonic() - self._beat_at < EVERY_SECONDS:
            return
        self._beat_at = monotonic()
        metrics.worker_turn.labels("worker").set_to_current_time()
        with suppress(OSError):
            os.utime(self.mark)
        notify("WATCHDOG=1")

    def end(self) -> None:
        metrics.workers.set(0)
        with suppress(OSError):
            self.mark.unlink()
        notify("STOPPING=1")


def complaint() -> str:
    """What is wrong with the workers of this machine or container; empty when all of them go on."""
    alive = [(mark, pid) for mark, pid in _marks() if _runs(pid)]
    if not alive:
        return "No worker runs here."
    silent = [(pid, time() - mark.stat().st_mtime) for mark, pid in alive]
    told = [f"Worker {pid} has been silent for {age:.0f} s." for pid, age in silent if age > SILENT_SECONDS]
    return " ".join(told)


def notify(words: str) -> None:
    """As sd_notify(3) does; without systemd there is nobody to tell."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect("\0" + address[1:] if address.startswith("@") else address)
        line.sendall(words.encode())


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "workers"


def _marks() -> Iterator[tuple[Path, int]]:
    """Of this machine or container only: others may share the folder."""
    for mark in _folder().glob(f"{socket.gethostname()}-*"):
        pid = mark.name.rpartition("-")[2]
        if pid.isdigit():
            yield mark, int(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
