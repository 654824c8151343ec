"""What one listener gets: first what it has missed, then what happens."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing

from messaging.services.feeding import CursorExpired, Wish, newest, read
from messaging.streaming.frames import heartbeat, hello, reset, retry, tell
from messaging.streaming.grants import Reach
from messaging.streaming.hub import Hub, Listener

HEARTBEAT_SECONDS = 15.0
RETRY = 2000
RETRY_POLLING = 1000
# Of a user who has too many open: the browser asks again by itself.
RETRY_CROWDED = 30_000
POLLED_AT_ONCE = 500


async def stream(
    find_hub: Callable[[], Hub],
    listener: Listener,
    cursor: int | None,
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> AsyncIterator[bytes]:
    """Until the client goes or is sent away. Whatever both catching up and the hub have is told once."""
    hub = find_hub()
    with hub.room_for(listener.grant.user) as there_is_room:
        if not there_is_room:
            yield retry(RETRY_CROWDED)
            return
        yield retry(RETRY)
        async with aclosing(_told(hub, listener, cursor, heartbeat_seconds)) as told:
            async for frames in told:
                yield frames


async def _told(
    hub: Hub, listener: Listener, cursor: int | None, seconds: float
) -> AsyncGenerator[bytes, None]:
    async with hub.listening(listener):
        if cursor is None:
            cursor = listener.since
            yield hello(cursor)
        else:
            async for reached, frames in _missed(hub, listener, cursor):
                cursor = reached
                if frames:
                    yield frames
        async for frame in _live(hub, listener, cursor, seconds):
            yield frame


async def _missed(hub: Hub, listener: Listener, cursor: int) -> AsyncIterator[tuple[int, bytes]]:
    more = True
    while more:
        try:
            page, found = await hub.catch_up(listener, cursor)
        except CursorExpired as exc:
            yield exc.newest, reset(exc.newest)
            return
        cursor, more = page.cursor, page.more
        yield cursor, b"".join(told.frame for told in found)


async def _live(hub: Hub, listener: Listener, cursor: int, seconds: float) -> AsyncIterator[bytes]:
    while True:
        try:
            told = await listener.next(seconds)
        except TimeoutError:
            if listener.is_up_to_date:
                cursor = max(cursor, hub.position)
                yield heartbeat(cursor)
            continue
        if told is None:
            return
        if told.change.pk > cursor:
            cursor = told.change.pk
            yield told.frame


def poll(reach: Reach, wish: Wish, cursor: int | None) -> Iterator[bytes]:
    """The same where no stream can be held open: what there is, and the browser asks again by itself."""
    yield retry(RETRY_POLLING)
    if cursor is None:
        yield hello(newest())
        return
    try:
        page = read(reach.rows(), cursor, wish, POLLED_AT_ONCE)
    except CursorExpired as exc:
        yield reset(exc.newest)
        return
    yield from (told.frame for told in tell(page.changes))
    yield heartbeat(page.cursor)
