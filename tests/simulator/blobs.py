"""Bytes that are held in memory when small and in a file when big."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

CHUNK = 1 << 20
IN_MEMORY = 8 << 20


@dataclass(frozen=True, slots=True)
class Blob:
    size: int
    data: bytes = b""
    path: Path | None = None

    def read(self, start: int = 0, length: int | None = None) -> bytes:
        length = self.size - start if length is None else length
        if self.path is None:
            return self.data[start : start + length]
        with self.path.open("rb") as source:
            source.seek(start)
            return source.read(length)

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        for start in range(0, self.size, size):
            yield self.read(start, min(size, self.size - start))


def of_bytes(data: bytes) -> Blob:
    return Blob(len(data), data)


def of_chunks(chunks: Iterator[bytes], size: int, path: Path) -> Blob:
    if size <= IN_MEMORY:
        return of_bytes(b"".join(chunks))
    with path.open("wb") as target:
        for chunk in chunks:
            target.write(chunk)
    return Blob(size, path=path)


def noise(size: int, head: bytes, seed: bytes) -> Iterator[bytes]:
    """``size`` bytes that nothing compresses; ``head`` makes them look like the type they claim."""
    stream = Cipher(algorithms.AES(seed), modes.CTR(bytes(16))).encryptor()
    yield head[:size]
    left = size - len(head)
    while left > 0:
        yield stream.update(bytes(min(CHUNK, left)))
        left -= CHUNK
