"""The stream as it runs: granian on loopback, the database beside it, clients that come and go."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test import Client as Browser
from django.utils import timezone

from accounts import feed
from accounts.models import ApiToken, Change, User
from messaging.streaming.news import ASK_LISTENERS_SECONDS, RECONNECT_SECONDS
from tests.messaging.streaming.ears import Ear, Server, serving, until
from tests.tenants import Rows, make_user

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 300


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def bearer(acme: Rows) -> dict[str, str]:
    return bearer_of(acme)


def bearer_of(rows: Rows) -> dict[str, str]:
    user = make_user(f"user of {rows.client}", rows.client)
    _, key = ApiToken.issue(user=user, client=rows.client, role="viewer", name="stream")
    return {"Authorization": f"Bearer {key}"}


def change(rows: Rows, times: int = 1) -> None:
    """Each in a transaction of its own."""
    for _ in range(times):
        at, topic = timezone.now(), feed.Topic.MESSAGE
        feed.tell([feed.change(rows.instance, topic, rows.message.pk, feed.Action.UPDATED, at=at)])
    connections.close_all()


def change_many(rows: Rows, count: int) -> None:
    at, topic = timezone.now(), feed.Topic.MESSAGE
    feed.tell(feed.change(rows.instance, topic, 10**6 + n, feed.Action.DELETED, at=at) for n in range(count))
    connections.close_all()


def connections_elsewhere() -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        found = int(cursor.fetchone()[0])
    connections.close_all()
    return found


def test_three_hundred_listeners_cost_no_thread_and_no_connection_each(
    server: Server, bearer: dict[str, str], acme: Rows
) -> None:
    async def listen() -> None:
        ears = [Ear(server.port, bearer) for _ in range(MANY)]
        async with AsyncExitStack() as stack:
            before = await open_all(stack, ears[:5])
            after = await open_all(stack, ears[5:])
            await told_to_all(ears, acme)
        assert after[0] == before[0] <= 10
        assert after[1] == before[1] <= 5
        assert after[2] - before[2] < 60 * 2**20

    async def open_all(stack: AsyncExitStack, ears: list[Ear]) -> tuple[int, int, int]:
        """Threads, database connections and memory when they are open and each has heard something."""
        for ear in ears:
            await stack.enter_async_context(ear.open())
        await until(lambda: all(ear.events for ear in ears))
        await told_to_all(ears, acme)
        worker = server.worker
        held = await sync_to_async(connections_elsewhere)()
        return worker.num_threads(), held, worker.memory_info().rss

    asyncio.run(listen())


async def told_to_all(ears: list[Ear], rows: Rows) -> float:
    counts = [len(ear.ids) for ear in ears]
    await sync_to_async(change)(rows)
    return await until(lambda: all(len(ear.ids) > count for ear, count in zip(ears, counts, strict=True)))


def test_a_listener_that_goes_is_forgotten(server: Server, bearer: dict[str, str]) -> None:
    async def come_and_go() -> None:
        ears = [Ear(server.port, bearer) for _ in range(5)]
        async with AsyncExitStack() as stack:
            for ear in ears:
                await stack.enter_async_context(ear.open())
            await until(lambda: all(ear.events for ear in ears))
            assert await sync_to_async(server.listeners)() == 5
        for _ in range(100):
            if not await sync_to_async(server.listeners)():
                return
            await asyncio.sleep(0.05)
        raise AssertionError("somebody still listens")

    asyncio.run(come_and_go())


def test_open_streams_do_not_keep_the_process_from_stopping(server: Server, bearer: dict[str, str]) -> None:
    async def stop_meanwhile() -> float:
        async with Ear(server.port, bearer).open() as ear:
            await until(lambda: ear.events)
            took = await sync_to_async(server.stop)()
            await until(lambda: ear.ended)
            return float(took)

    assert asyncio.run(stop_meanwhile()) < 15


def test_a_killed_process_loses_nothing(server: Server, bearer: dict[str, str], acme: Rows) -> None:
    async def survive() -> list[int]:
        ear = Ear(server.port, bearer)
        async with ear.open():
            await until(lambda: ear.events)
            await sync_to_async(change)(acme, 3)
            await until(lambda: len(ear.ids) == 3)
            server.kill()
            await until(lambda: ear.ended)
        await sync_to_async(change_many)(acme, 1200)
        await sync_to_async(server.start)()
        async with ear.open():
            await sync_to_async(change)(acme, 2)
            await until(lambda: len(ear.ids) >= 1205)
        return ear.ids

    heard = asyncio.run(survive())
    assert heard == list(Change.objects.order_by("pk").values_list("pk", flat=True))


def cut_all_connections() -> None:
    """All of the server's: nobody else has the database while this test has none."""
    connections.close_all()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connections.close_all()


def test_a_database_that_was_away_is_found_again(server: Server, bearer: dict[str, str], acme: Rows) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("there is no connection to cut")
    connections.close_all()

    async def go_on() -> float:
        async with Ear(server.port, bearer).open() as ear:
            await until(lambda: ear.events)
            await told_to_all([ear], acme)
            await sync_to_async(cut_all_connections)()
            await told_to_all([ear], acme)
            # By then the process has asked to be told again.
            await asyncio.sleep(RECONNECT_SECONDS + 0.5)
            await told_to_all([ear], acme)
            return min([await told_to_all([ear], acme) for _ in range(3)])

    # Where it only asks by itself, whatever is told right after an answer waits until the next time.
    assert asyncio.run(go_on()) < ASK_LISTENERS_SECONDS / 2


def test_a_session_opens_it_from_our_own_page_and_nobody_else_does(
    server: Server, acme: Rows, people: dict[str, User]
) -> None:
    browser = Browser()
    browser.force_login(people["bob"])
    connections.close_all()
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}", "Origin": "http://127.0.0.1:8000"}

    async def listen() -> tuple[Ear, Ear]:
        async with Ear(server.port, cookie).open() as ours, Ear(server.port, {}).open() as theirs:
            await until(lambda: ours.events)
            return ours, theirs

    ours, theirs = asyncio.run(listen())
    assert (ours.status, ours.answer["content-type"], ours.types) == (200, "text/event-stream", ["hello"])
    assert ours.answer["access-control-allow-origin"] == "http://127.0.0.1:8000"
    assert (theirs.status, theirs.answer["content-type"]) == (401, "application/problem+json")
