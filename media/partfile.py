"""A file that nobody sees yet. Gone when its block ends, unless it was kept."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from uuid import uuid4

SUFFIX = ".part"
HEAD = 512


class PartFile:
    """Its OSErrors are our own disk's trouble and are left as they are."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{uuid4().hex}{SUFFIX}"
        self.size = 0
        self.head = b""
        self._kept = False
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def append(self, data: bytes | memoryview) -> None:
        self.write_at(self.size, data)

    def write_at(self, offset: int, data: bytes | memoryview) -> None:
        view = memoryview(data)
        if offset < HEAD:
            self.head = self.head[:offset] + bytes(view[: HEAD - offset])
        while len(view):
            written = os.pwrite(self._descriptor, view, offset)
            offset, view = offset + written, view[written:]
        self.size = max(self.size, offset)

    def cut_to(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)
        self.size = size
        self.head = self.head[:size]

    def chunks(self, buffer: memoryview, end: int) -> Iterator[tuple[int, memoryview]]:
        """Every offset with its bytes, up to ``end``, each valid until the next; what was read may be overwritten."""
        offset = 0
        while offset < end:
            count = os.preadv(self._descriptor, [buffer[: end - offset]], offset)
            if not count:
                raise OSError(f"part file ends at {offset} of {end} bytes")
            yield offset, buffer[:count]
            offset += count

    def keep(self) -> None:
        os.fsync(self._descriptor)
        self._kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        if not self._kept:
            self.path.unlink(missing_ok=True)
