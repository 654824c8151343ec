"""Looking for one kind of work: at each turn of a worker, or less often while there is other work and none of this."""

import time
from collections.abc import Callable

# So long what had nothing is not asked about again by a worker that other results keep busy.
QUIET_SECONDS = 0.05


class Look:
    """``under_way`` tells how much of this kind the worker has in hand: who works at something wants more of it."""

    def __init__(self, ask: Callable[[], int], under_way: Callable[[], int] = lambda: 0) -> None:
        self.was_left_out = False
        self._ask, self._under_way = ask, under_way
        self._quiet_until = 0.0

    def turn(self, *, hurried: bool) -> int:
        self.was_left_out = hurried and not self._under_way() and time.monotonic() < self._quiet_until
        if self.was_left_out:
            return 0
        done = self._ask()
        self._quiet_until = 0.0 if done else time.monotonic() + QUIET_SECONDS
        return done
