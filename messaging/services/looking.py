"""Looking for one kind of work: at each turn of a worker, or less often while there is other work and none of this."""

import time
from collections.abc import Callable

# So long what had nothing is not asked about again by a worker that other results keep busy.
QUIET_SECONDS = 0.05


class Look:
    """``under_way`` tells how much of this kind the worker has in hand: who works at something wants more of it.

    What is rare and has time is not asked about for ``seldom`` seconds once there was nothing.
    """

    def __init__(
        self, ask: Callable[[], int], under_way: Callable[[], int] = lambda: 0, *, seldom: float = 0.0
    ) -> None:
        self.was_left_out = False
        self._ask, self._under_way, self._seldom = ask, under_way, seldom
        self._had_nothing_at = float("-inf")

    def turn(self, *, hurried: bool) -> int:
        working = self._under_way() > 0
        quiet = time.monotonic() - self._had_nothing_at
        self.was_left_out = hurried and not working and quiet < QUIET_SECONDS
        if self.was_left_out or (not working and quiet < self._seldom):
            return 0
        done = self._ask()
        self._had_nothing_at = float("-inf") if done or working else time.monotonic()
        return done
