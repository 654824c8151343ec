"""A ZIP file written in parts that lie one after the other: its directory comes with the last one.

Python's own writer wants the whole file in one place and its directory in memory. Sizes and places beyond four
gigabytes are written as Zip64 has them.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO, Any

STORED, DEFLATED = 0, 8
FULL, FULL_COUNT = 0xFFFFFFFF, 0xFFFF
UTF8 = 0x800
# Made on Unix, so that the mode of files is understood; an ordinary file that its owner writes and all read.
MADE_BY, MODE = 3 << 8, (0o100644 << 16)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file inside, as the directory and the manifest tell of it; ``place`` is where it begins in the whole ZIP."""

    path: str
    size: int
    sha256: str
    crc: int
    compressed: int
    method: int
    place: int

    def told(self) -> dict[str, Any]:
        return asdict(self)


class Part:
    """Entries written to ``target`` from its present end on; the part begins at ``place`` of the whole ZIP."""

    def __init__(self, target: IO[bytes], place: int, at: datetime) -> None:
        self._target = target
        self._place = place
        self._stamp = _stamp(at)
        self.entries: list[Entry] = []

    def add(self, path: str, chunks: Iterable[bytes], *, expected: int = 0, squeeze: bool = True) -> Entry:
        """``expected`` decides whether its sizes need Zip64. What raises on the way leaves nothing behind."""
        start = self._target.tell()
        large = expected >= FULL - (1 << 20)
        method = DEFLATED if squeeze else STORED
        try:
            self._target.write(self._head(path, method, large, (0, 0, 0)))
            total, crc, size, written = self._pour(chunks, squeeze)
            if max(size, written) >= FULL and not large:
                raise OverflowError("the file is larger than its row says")
        except BaseException:
            self._target.seek(start)
            self._target.truncate()
            raise
        self._target.seek(start)
        self._target.write(self._head(path, method, large, (crc, written, size)))
        self._target.seek(0, 2)
        entry = Entry(path, size, total, crc, written, method, self._place + start)
        self.entries.append(entry)
        return entry

    def close(self, entries: Iterable[Entry]) -> None:
        """The directory of everything, and how the ZIP ends."""
        begin, count = self._target.tell(), 0
        for entry in entries:
            self._target.write(_directory_line(entry, self._stamp))
            count += 1
        length = self._target.tell() - begin
        self._target.write(_ending(count, length, self._place + begin))

    def _pour(self, chunks: Iterable[bytes], squeeze: bool) -> tuple[str, int, int, int]:
        total, crc, size, written = hashlib.sha256(), 0, 0, 0
        packer = zlib.compressobj(6, zlib.DEFLATED, -15) if squeeze else None
        for chunk in chunks:
            total.update(chunk)
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
            written += self._target.write(packer.compress(chunk) if packer else chunk)
        if packer:
            written += self._target.write(packer.flush())
        return total.hexdigest(), crc, size, written

    def _head(self, path: str, method: int, large: bool, sums: tuple[int, int, int]) -> bytes:
        name, (crc, written, size) = path.encode(), sums
        extra = struct.pack("<HHQQ", 1, 16, size, written) if large else b""
        shown = (FULL, FULL) if large else (written, size)
        facts = (45 if large else 20, UTF8, method, *self._stamp, crc, *shown, len(name), len(extra))
        return struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", *facts) + name + extra


def _directory_line(entry: Entry, stamp: tuple[int, int]) -> bytes:
    name = entry.path.encode()
    values = (entry.size, entry.compressed, entry.place)
    large = [value for value in values if value >= FULL]
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    size, compressed, place = (min(value, FULL) for value in values)
    version = 45 if large else 20
    facts = (MADE_BY | version, version, UTF8, entry.method, *stamp, entry.crc, compressed, size, len(name))
    rest = (len(extra), 0, 0, 0, MODE, place)
    return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", *facts, *rest) + name + extra


def _ending(count: int, length: int, place: int) -> bytes:
    """Both endings always: whoever knows no Zip64 reads the old one, where the numbers fit."""
    facts = (44, MADE_BY | 45, 45, 0, 0, count, count, length, place)
    new = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", *facts)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, place + length, 1)
    short = min(count, FULL_COUNT)
    old = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, short, short, min(length, FULL), min(place, FULL), 0)
    return new + locator + old


def _stamp(at: datetime) -> tuple[int, int]:
    """Time and date as DOS had them, to two seconds."""
    year = min(max(at.year, 1980), 2107)
    return (
        at.hour << 11 | at.minute << 5 | at.second // 2,
        (year - 1980) << 9 | at.month << 5 | at.day,
    )
