"""Figures of all processes of a machine, added up: each writes into files of its own in METRICS_DIR.

A process holds a lock on its mark for as long as it lives; the kernel lets go of it at the process's end, whatever that
was, and sees it through containers that share the folder. What a dead process counted is added to the files of the
dead, so that no sum falls. Whoever comes while nobody lives begins anew.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

ADDED_UP = ("counter", "histogram")
# A page of a mapped file that the disk has no room for ends the process, so the room is taken at once: for some 20,000
# counters, as some have an instance's id.
ROOM = {"counter": 4 * 1024**2, "histogram": 1024**2, "gauge_livesum": 64 * 1024, "gauge_livemin": 64 * 1024}
MARK, DEAD = ".alive", "dead"


class Process:
    """``name`` is asked for at every write; after a fork it is another one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pid = 0
        self._name = ""

    def name(self) -> str:
        pid = os.getpid()
        if pid != self._pid:
            self._name, self._pid = enter(self.folder, pid), pid
        return self._name


def share(folder: Path) -> None:
    """From here on, what is counted is written to the folder. Called once, before the first metric is made."""
    process = Process(folder)
    process.name()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(process.name)  # type: ignore[no-untyped-call]


def enter(folder: Path, pid: int) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{pid}-{secrets.token_hex(4)}"
    with _alone(folder):
        if not any(_lives(mark) for mark in folder.glob(f"*{MARK}")):
            for left in (*folder.glob("*.db"), *folder.glob(f"*{MARK}")):
                left.unlink()
        # Kept open, and with it locked, until the process ends.
        fcntl.flock(_open(folder / f"{name}{MARK}"), fcntl.LOCK_EX)
        try:
            for kind, room in ROOM.items():
                _take_room(folder / f"{kind}_{name}.db", room)
        except OSError:
            _forget(folder, name)
            raise
    return name


def of_all(folder: Path) -> CollectorRegistry:
    with _alone(folder):
        _bury(folder)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return registry


def _bury(folder: Path) -> None:
    for mark in folder.glob(f"*{MARK}"):
        if _lives(mark):
            continue
        for kind in ADDED_UP:
            _add(folder / f"{kind}_{mark.stem}.db", folder / f"{kind}_{DEAD}.db", ROOM[kind])
        _forget(folder, mark.stem)


def _forget(folder: Path, name: str) -> None:
    for left in folder.glob(f"*_{name}.db"):
        left.unlink()
    (folder / f"{name}{MARK}").unlink()


def _add(source: Path, target: Path, room: int) -> None:
    if not source.exists():
        return
    _take_room(target, room)
    sums = MmapedDict(str(target))  # type: ignore[no-untyped-call]
    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(source)):  # type: ignore[no-untyped-call]
        known, _ = sums.read_value(key)  # type: ignore[no-untyped-call]
        sums.write_value(key, known + value, 0.0)  # type: ignore[no-untyped-call]
    sums.close()  # type: ignore[no-untyped-call]


def _take_room(path: Path, room: int) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if os.fstat(handle).st_size == 0:
            os.posix_fallocate(handle, 0, room)
    finally:
        os.close(handle)


def _lives(mark: Path) -> bool:
    handle = _open(mark)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = _open(folder / "lock")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    """For reading, so that it may be another account's; that is enough to lock it."""
    return os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
