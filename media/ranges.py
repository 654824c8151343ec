"""Parts of a file over HTTP (RFC 9110 section 14): one range; several ranges get the whole file."""

import re
from typing import IO

_ONE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """The range begins behind the end of the file."""


def wanted(header: str, size: int) -> tuple[int, int] | None:
    """First byte and number of bytes, or None for the whole file."""
    found = _ONE.fullmatch(header)
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return _tail(int(last), size)
    start, end = int(first), int(last or size - 1)
    if last and end < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, min(end, size - 1) - start + 1


def _tail(length: int, size: int) -> tuple[int, int]:
    if not length or not size:
        raise Unsatisfiable
    length = min(length, size)
    return size - length, length


class Slice:
    """``length`` bytes of an open file from ``start`` on, read in order."""

    def __init__(self, content: IO[bytes], start: int, length: int) -> None:
        content.seek(start)
        self._content = content
        self._left = length

    def read(self, count: int = -1) -> bytes:
        count = self._left if count < 0 else min(count, self._left)
        chunk = self._content.read(count) if count else b""
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._content.close()
