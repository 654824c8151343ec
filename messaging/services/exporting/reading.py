"""The parts of a ready export as the one file that they are."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import IO

from media.seeking import Seekable
from media.storage import storage
from messaging.models import Export
from messaging.services.exporting.contents import folder_of_export, part_name

CHUNK = 1 << 20


class Parts(Seekable):
    """One part is open at a time."""

    def __init__(self, export: Export) -> None:
        super().__init__(sum(export.part_sizes))
        folder = folder_of_export(export.client_id, export.pk)
        self._names = [part_name(folder, number, mark) for number, mark in enumerate(export.marks, start=1)]
        self._ends = list(accumulate(export.part_sizes))
        self._open: tuple[int, IO[bytes]] | None = None

    def read(self, count: int = -1) -> bytes:
        """May be less than asked for, where a part ends; nothing at the end."""
        if self._place >= self._size:
            return b""
        index = bisect_right(self._ends, self._place)
        content = self._part(index)
        left = self._ends[index] - self._place
        chunk = content.read(min(left, CHUNK if count < 0 else count))
        self._place += len(chunk)
        return chunk

    def _part(self, index: int) -> IO[bytes]:
        if self._open and self._open[0] == index:
            return self._open[1]
        self._let_go()
        content: IO[bytes] = storage().open(self._names[index], "rb")
        begin = self._ends[index - 1] if index else 0
        content.seek(self._place - begin)
        self._open = (index, content)
        return content

    def _let_go(self) -> None:
        if self._open:
            self._open[1].close()
            self._open = None


def chunks(export: Export) -> Iterator[bytes]:
    with Parts(export) as parts:
        while chunk := parts.read(CHUNK):
            yield chunk


def file_name(export: Export) -> str:
    of = {Export.Scope.CONVERSATION: export.conversation_id, Export.Scope.CONTACT: export.contact_id}
    number = of.get(Export.Scope(export.scope))
    what = "" if number is None else f"-{export.scope}-{number}"
    return f"{export.client.slug}{what}-{export.created_at:%Y-%m-%d}-{export.pk}.zip"
