"""Reading a large object bit by bit: never whole in memory, never on our disk."""

import io
from typing import Any, Protocol

from django.core.files import File

from media.s3.trouble import S3Trouble, answers
from media.seeking import Seekable

WINDOW = 8 * 1024**2
BUFFER = 256 * 1024
# A body that breaks off is asked for again from where it broke, so often.
MOST_BREAKS = 3


class Bucket(Protocol):
    bucket_name: str

    @property
    def client(self) -> Any: ...
    def key(self, name: str) -> str: ...


class S3Reader(File):  # type: ignore[type-arg]
    """Asks for a window at a time from wherever it is; seeking costs nothing."""

    def __init__(self, storage: Bucket, name: str, size: int) -> None:
        super().__init__(io.BufferedReader(Windows(storage, name, size), BUFFER), name)
        self.size = size


class Windows(Seekable):
    def __init__(self, storage: Bucket, name: str, size: int) -> None:
        super().__init__(size)
        self._storage, self._name = storage, name
        self._end = 0
        self._body: Any = None

    def readinto(self, buffer: Any) -> int:
        if self._place >= self._size or not len(buffer):
            return 0
        for attempt in range(MOST_BREAKS):
            try:
                with answers("GetObject", self._name):
                    piece = self._read(len(buffer))
            except S3Trouble as exc:
                self._let_go()
                if exc.permanent or attempt == MOST_BREAKS - 1:
                    raise
            else:
                break
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def _read(self, count: int) -> bytes:
        if self._body is None or self._place >= self._end:
            self._ask()
        piece: bytes = self._body.read(min(count, self._end - self._place))
        if not piece:
            raise S3Trouble("fewer bytes", f"GetObject of {self._name}")
        return piece

    def _ask(self) -> None:
        self._let_go()
        self._end = min(self._place + WINDOW, self._size)
        storage = self._storage
        answer = storage.client.get_object(
            Bucket=storage.bucket_name,
            Key=storage.key(self._name),
            Range=f"bytes={self._place}-{self._end - 1}",
        )
        self._body = answer["Body"]

    def _let_go(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
