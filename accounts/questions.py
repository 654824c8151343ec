"""Questions about what may hang, e.g. a database that is out of reach: whoever asks waits a short while only."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Question(Generic[T]):
    """Asks in a thread, one at a time, and remembers the answer for ``keep`` seconds.

    Whoever cannot be answered within ``patience`` seconds gets ``late``, while the thread goes on waiting.
    """

    def __init__(self, ask: Callable[[], T], *, late: T, keep: float, patience: float) -> None:
        self._ask, self._late = ask, late
        self._keep, self._patience = keep, patience
        self._lock = threading.Lock()
        self._answer = late
        self._good_until = float("-inf")
        self._asking: threading.Thread | None = None

    def answer(self) -> T:
        with self._lock:
            if monotonic() < self._good_until:
                return self._answer
            if self._asking is None or not self._asking.is_alive():
                # A daemon: what hangs must not keep the process from ending.
                self._asking = threading.Thread(target=self._run, daemon=True)
                self._asking.start()
            asking = self._asking
        asking.join(self._patience)
        return self._late if asking.is_alive() else self._answer

    def forget(self) -> None:
        self._good_until = float("-inf")

    def _run(self) -> None:
        answer = self._late
        try:
            answer = self._ask()
        finally:
            with self._lock:
                self._answer, self._good_until = answer, monotonic() + self._keep
