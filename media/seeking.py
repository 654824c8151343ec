"""Reading from any place on of what does not lie in one file on our disk."""

import io


class Seekable(io.RawIOBase):
    """``_place`` is where the next byte comes from. What is open at one place is let go by a move to another."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        place = max(0, base + offset)
        if place != self._place:
            self._let_go()
            self._place = place
        return place

    def close(self) -> None:
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        raise NotImplementedError
