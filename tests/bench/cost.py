"""What a piece of work costs this process: time, processor time, memory at its peak."""

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MIB = 1024 * 1024


@dataclass
class Cost:
    """Seconds, processor seconds, and MiB above what the process had before."""

    seconds: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0

    def report(self) -> None:
        sys.stdout.write(json.dumps(asdict(self)) + "\n")


@contextmanager
def cost() -> Iterator[Cost]:
    found = Cost()
    idle = _forget_peak()
    before, start = _cpu(), time.monotonic()
    yield found
    found.seconds, found.cpu = time.monotonic() - start, _cpu() - before
    found.memory = _peak() - idle


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    if STATUS.exists():
        return _of_status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MIB if sys.platform == "darwin" else 1024)


def _forget_peak() -> float:
    """The memory in use now. Linux can start its high-water mark anew; elsewhere it stays what it was."""
    if CLEAR.exists():
        CLEAR.write_text("5")
        return _of_status("VmRSS")
    return _peak()


def _of_status(name: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024
