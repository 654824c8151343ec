"""One reader of the feed for all open streams of a process.

The event loop hands out; the database is touched in two threads only, one for what is new and one for those who
come back, so that the number of connections does not depend on how many listen.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import structlog
from django.db import close_old_connections, connections
from django.utils import timezone

from accounts import metrics
from accounts.models import Change
from messaging.services.feeding import CursorExpired, Page, Wish, newest, read
from messaging.streaming.frames import Told, tell
from messaging.streaming.grants import Grant, Reach, reaches
from messaging.streaming.news import listen, pause

log = structlog.get_logger(__name__)

T = TypeVar("T")

PAGE = 500
# A listener that has so many changes before it is sent away; it comes back with the id of the last one it had.
MOST_WAITING = 1000
# More tabs and screens than anybody has open; each stream that catches up makes the others wait.
MOST_PER_USER = 50
# Changes come in bursts, and twenty are read as quickly as one.
GATHER_SECONDS = 0.05
CHECK_SECONDS = 15.0
BREAK_SECONDS = 2.0


@dataclass(eq=False)
class Listener:
    """``since`` is where the feed stood when it joined: whatever came later is handed to it."""

    grant: Grant
    reach: Reach
    wish: Wish
    since: int = 0
    is_sent_away: bool = False
    _waiting: asyncio.Queue[Told | None] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def offer(self, told: Told) -> None:
        wanted = self.reach.covers(told.change.client_id) and self.wish.includes(told.change)
        if not wanted or self.is_sent_away:
            return
        try:
            self._waiting.put_nowait(told)
        except asyncio.QueueFull:
            self.send_away()

    def send_away(self) -> None:
        self.is_sent_away = True
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    @property
    def is_up_to_date(self) -> bool:
        return self._waiting.empty()

    async def next(self, seconds: float) -> Told | None:
        """None when it has to go; TimeoutError when nothing came."""
        async with asyncio.timeout(seconds):
            return await self._waiting.get()


class Hub:
    """Everything here runs in one event loop."""

    def __init__(self, *, look_seconds: float | None = None, check_seconds: float = CHECK_SECONDS) -> None:
        self.look_seconds = look_seconds or pause()
        self.check_seconds = check_seconds
        self.position = 0
        self.listeners: set[Listener] = set()
        self._tasks: list[asyncio.Task[None]] = []
        # Also those that were sent away and have not gone yet.
        self._open: Counter[int] = Counter()
        self._standing = asyncio.Event()
        self._news = asyncio.Event()
        # While a page is read nobody joins, or its changes for that one's clients would be missing.
        self._handing_out = asyncio.Lock()
        self._live = ThreadPoolExecutor(1, "feed")
        self._returning = ThreadPoolExecutor(1, "catch-up")
        self._checked_at = time.monotonic()

    @asynccontextmanager
    async def listening(self, listener: Listener) -> AsyncIterator[None]:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(listen(self._news.set))]
        await self._standing.wait()
        async with self._handing_out:
            listener.since = self.position
            self.listeners.add(listener)
        try:
            yield
        finally:
            self.listeners.discard(listener)

    @contextmanager
    def room_for(self, user: int) -> Iterator[bool]:
        """Whether one more stream of theirs may be held open."""
        self._open[user] += 1
        metrics.stream_connections.inc()
        try:
            yield self._open[user] <= MOST_PER_USER
        finally:
            self._open[user] -= 1
            metrics.stream_connections.dec()
            self._open += Counter()

    async def catch_up(self, listener: Listener, cursor: int) -> tuple[Page, list[Told]]:
        return await _in(self._returning, _told, listener.reach.rows(), cursor, listener.wish)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for thread in (self._live, self._returning):
            await _in(thread, connections.close_all)
            thread.shutdown()

    async def _run(self) -> None:
        while True:
            try:
                await self._turn()
            except Exception:  # noqa: BLE001 - streams must not fall silent; what was not handed out is read again
                log.exception("feed not read")
                await asyncio.sleep(BREAK_SECONDS)

    async def _turn(self) -> None:
        if not self._standing.is_set():
            self.position = await _in(self._live, newest)
            self._standing.set()
        try:
            async with asyncio.timeout(self.look_seconds):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()
        while await self._hand_out():
            pass
        if time.monotonic() - self._checked_at > self.check_seconds:
            self._checked_at = time.monotonic()
            await self._check()
        await asyncio.sleep(GATHER_SECONDS)

    async def _hand_out(self) -> bool:
        """A page of what is new. True if there is more."""
        async with self._handing_out:
            try:
                page, found = await _in(self._live, _told, self._wanted(), self.position, Wish())
            except CursorExpired as exc:
                self.position = exc.newest
                for listener in self.listeners:
                    listener.send_away()
                return False
            for listener in tuple(self.listeners):
                for told in found:
                    listener.offer(told)
                if listener.is_sent_away:
                    # It may not hear of it for long, where its client does not even read what was sent.
                    self.listeners.discard(listener)
            self.position = page.cursor
        return page.more

    def _wanted(self) -> Any:
        reached = [listener.reach.clients for listener in self.listeners]
        if None in reached:
            return Change.objects.all()
        return Change.objects.filter(client__in=frozenset[int]().union(*filter(None, reached)))

    async def _check(self) -> None:
        """Whoever may hear less or more than before is sent away; coming back shows what is right now."""
        listeners = tuple(self.listeners)
        allowed = await _in(self._live, reaches, {one.grant for one in listeners}, timezone.now())
        for listener in listeners:
            if allowed.get(listener.grant) != listener.reach:
                listener.send_away()


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub_here() -> Hub:
    """The one of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def _told(rows: Any, cursor: int, wish: Wish) -> tuple[Page, list[Told]]:
    page = read(rows, cursor, wish, PAGE)
    return page, tell(page.changes)


async def _in(thread: ThreadPoolExecutor, work: Callable[..., T], *args: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, _with_database, work, args)


def _with_database(work: Callable[..., T], args: tuple[Any, ...]) -> T:
    close_old_connections()
    return work(*args)
