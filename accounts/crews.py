"""Threads that do what would keep the worker waiting. They never touch the database: their results are written by
the thread that hands out the errands."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

GATHER_SECONDS = 0.05

E = TypeVar("E")
R = TypeVar("R")


class Crew(Generic[E, R]):
    """Does ``work`` with each errand; ``work`` never raises. Every method is for one and the same thread.

    Threads of our own: the standard pool's bookkeeping per errand is a tenth of a small file's fetch.
    """

    def __init__(self, work: Callable[[E], R], threads: int) -> None:
        self.threads = threads
        self.under_way = 0
        self.on_result: Callable[[], None] = lambda: None
        self._work = work
        # In tuples, so that no errand is mistaken for the end.
        self._errands: queue.SimpleQueue[tuple[E] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[R] = queue.SimpleQueue()
        # Daemons: a process that ends without close() is no different from one that was killed.
        self._members = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for member in self._members:
            member.start()

    def put(self, errand: E) -> None:
        self.under_way += 1
        self._errands.put((errand,))

    def finished(self, wait: float = 0) -> list[R]:
        """What is done by now; waits up to ``wait`` seconds for the first result."""
        try:
            results = [self._results.get(timeout=wait) if wait else self._results.get_nowait()]
        except queue.Empty:
            return []
        if self.under_way > 4 * self.threads:
            # The threads have enough to do, and twenty results are written as quickly as one.
            time.sleep(GATHER_SECONDS)
        while not self._results.empty():
            results.append(self._results.get())
        self.under_way -= len(results)
        return results

    def close(self) -> None:
        """What was put is done first; whoever still wants its results asks before."""
        for _ in self._members:
            self._errands.put(None)
        for member in self._members:
            member.join()

    def _run(self) -> None:
        while errand := self._errands.get():
            self._results.put(self._work(errand[0]))
            self.on_result()
