"""Webhook bodies on disk while the database cannot take them: one file each, in a folder of this machine.

A file is there whole or not at all: it is written under another name, forced to the disk and renamed, and the folder is
forced to the disk too, before anybody is told that the body is safe. Names sort by the time at which the body came, and
end with who sent it.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

SUFFIX, PART, LOCK, ASIDE = ".event", ".part", ".lock", "unreadable"
# Those of old did not say who sent them.
NAME = re.compile(r"\d{20}-[0-9a-f]{12}(?:-([a-z]+-[0-9a-f]+))?\.event")
ALL, STRANGER = "all", "key"
# What a small file takes on disk all the same.
BLOCK = 4096
# Of what nobody could authenticate yet, so that strangers cannot keep the lines' own webhooks out.
STRANGERS_SHARE = 0.5
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LONGEST_LOOK = 20


class CannotKeep(Exception):
    """The disk takes no more, or the spool has reached its limit: the sender has to try again."""


class Unreadable(Exception):
    """A file that is none of ours, or was damaged."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A body and what is needed to take it in. ``instance`` is our row's id where the sender was authenticated
    already; else ``key`` is the address that it came to (empty for the one without a key) and ``signature`` its proof.
    """

    body: bytes = field(repr=False)
    instance: int | None = None
    key: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)

    @property
    def sender(self) -> str:
        """For the file's name, which must not tell the key."""
        if self.instance:
            return f"line-{self.instance}"
        return f"{STRANGER}-{hashlib.sha256(self.key.encode(errors='replace')).hexdigest()[:12]}"

    def packed(self) -> bytes:
        head: dict[str, int | str | None] = {"instance": self.instance, "length": len(self.body)}
        head |= {} if self.instance else {"key": self.key, "signature": self.signature}
        return json.dumps(head).encode() + b"\n" + self.body


def unpacked(data: bytes) -> Letter:
    line, _, body = data.partition(b"\n")
    try:
        head = json.loads(line)
        whole = head["length"] == len(body)
        letter = Letter(body, head["instance"], str(head.get("key", "")), str(head.get("signature", "")))
    except (ValueError, KeyError, TypeError) as exc:
        raise Unreadable(type(exc).__name__) from None
    if not whole or not isinstance(letter.instance, int | None):
        raise Unreadable("not whole")
    return letter


@dataclass(frozen=True, slots=True)
class Held:
    """What lies in a spool. ``unreadable`` files wait for a person."""

    files: int = 0
    bytes: int = 0
    oldest: datetime | None = None
    unreadable: int = 0


@dataclass
class Spool:
    folder: Path
    max_bytes: int
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _last: int = 0
    _used: Counter[str] = field(default_factory=Counter, repr=False)
    _look_again_at: float = 0.0
    _writer: tuple[int, str] = (0, "")

    def put(self, letter: Letter) -> str:
        """Returns when the letter would survive a power cut."""
        data = letter.packed()
        self._take_room(letter.sender, max(len(data), BLOCK))
        name = self._next_name(letter.sender)
        part, final = self.folder / f".{name}{PART}", self.folder / name
        try:
            self._make_folder()
            _write(part, data)
            part.rename(final)
            _force(self.folder)
        except OSError as exc:
            for path in (part, final):
                with suppress(OSError):
                    path.unlink()
            reason = "the disk is full" if exc.errno in FULL else f"the disk refuses: {exc.strerror}"
            raise CannotKeep(reason) from exc
        return name

    def names(self, limit: int | None = None) -> list[str]:
        """The oldest first."""
        try:
            found = sorted(name for name in os.listdir(self.folder) if NAME.fullmatch(name))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return found[:limit]

    def batch(self, names: list[str], most_bytes: int) -> list[str]:
        """As many of these, from the first on, as are no larger together; at least one."""
        total = 0
        chosen: list[str] = []
        for name in names:
            total += (self.folder / name).stat().st_size
            if chosen and total > most_bytes:
                break
            chosen.append(name)
        return chosen

    def read(self, name: str) -> Letter:
        return unpacked((self.folder / name).read_bytes())

    def drop(self, names: Iterable[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def set_aside(self, name: str) -> None:
        """For a person: it is not taken in and not thrown away."""
        aside = self.folder / ASIDE
        aside.mkdir(mode=0o700, exist_ok=True)
        (self.folder / name).rename(aside / name)

    def held(self) -> Held:
        names = self.names()
        oldest = came_at(names[0]) if names else None
        aside = self.folder / ASIDE
        unreadable = len(os.listdir(aside)) if aside.is_dir() else 0
        return Held(len(names), self._measure()[ALL], oldest, unreadable)

    @contextmanager
    def mine(self) -> Iterator[bool]:
        """Whether this process alone takes letters out, until the end of the block."""
        if not self.folder.is_dir():
            yield False
            return
        with (self.folder / LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def sweep(self, older_than: timedelta = timedelta(hours=1)) -> None:
        """Parts of files that their writers did not live to finish; nobody was told that they are safe."""
        before = time.time() - older_than.total_seconds()
        for path in self.folder.glob(f".*{PART}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()

    def _make_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _force(self.folder.parent)

    def _next_name(self, sender: str) -> str:
        """By the clock, and within a process always onwards. A forked child is another writer."""
        with self._lock:
            if self._writer[0] != os.getpid():
                self._writer = (os.getpid(), uuid.uuid4().hex[:12])
            self._last = max(time.time_ns(), self._last + 1)
            return f"{self._last:020d}-{self._writer[1]}-{sender}{SUFFIX}"

    def _take_room(self, sender: str, size: int) -> None:
        """Nobody has more than is left free: who floods gets half of it alone, and there is room for the others."""
        with self._lock:
            self._look()
            free = self.max_bytes - self._used[ALL]
            if _is_strangers(sender):
                free = min(free, int(self.max_bytes * STRANGERS_SHARE) - self._used[STRANGER])
            if size > free:
                raise CannotKeep("the spool is full")
            if self._used[sender] + size > free:
                raise CannotKeep("the sender's share of the spool is full")
            _count(self._used, sender, size)

    def _look(self) -> None:
        """Others write and take out, too. In between each process counts what it writes itself."""
        if time.monotonic() < self._look_again_at:
            return
        started = time.monotonic()
        self._used = self._measure()
        # Looking through a full spool takes a while; it must not take all the time.
        took = time.monotonic() - started
        self._look_again_at = time.monotonic() + max(1.0, took * LONGEST_LOOK)

    def _measure(self) -> Counter[str]:
        used: Counter[str] = Counter()
        with suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith((SUFFIX, PART)):
                    with suppress(FileNotFoundError):
                        _count(used, _sender_in(entry.name), max(entry.stat().st_size, BLOCK))
        return used


def _count(used: Counter[str], sender: str, size: int) -> None:
    for of in (ALL, sender, *((STRANGER,) if _is_strangers(sender) else ())):
        used[of] += size


def _is_strangers(sender: str) -> bool:
    return sender.startswith(STRANGER)


def _sender_in(name: str) -> str:
    found = NAME.fullmatch(name.removeprefix(".").removesuffix(PART))
    return (found and found[1]) or ""


def came_at(name: str) -> datetime:
    return datetime.fromtimestamp(int(name.partition("-")[0]) / 1e9, UTC)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _force(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
