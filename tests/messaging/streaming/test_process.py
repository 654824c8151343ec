"""The stream as it runs: granian on loopback, the database beside it, clients that come and go."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from accounts import feed
from accounts.models import ApiToken, Change
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
        message = feed.change(
            rows.instance, feed.Topic.MESSAGE, rows.message.pk, feed.Action.UPDATED, at=timezone.now()
        )
        feed.tell([message])
    connections.close_all()


def test_three_hundred_listeners_cost_no_thread_and_no_connection_each(
    server: Server, bearer: dict[str, str], acme: Rows
) -> None:
    async def listen() -> None:
        ears = [Ear(server.port, bearer) for _ in range(MANY)]
        async with AsyncExitStack() as stack:
            for ear in ears[:5]:
                await stack.enter_async_context(ear.open())
            await until(lambda: all(ear.events for ear in ears[:5]))
            await sync_to_async(change)(acme)
            await until(lambda: all(ear.ids for ear in ears[:5]))
            before = server.worker.num_threads(), server.worker.memory_info().rss
            for ear in ears[5:]:
                await stack.enter_async_context(ear.open())
            await until(lambda: all(ear.events for ear in ears))
            took = await told_to_all(ears, acme)
            after = server.worker.num_threads(), server.worker.memory_info().rss
            print(took, before, after, (after[1] - before[1]) / 2**20)

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
    async def stop_meanwhile() -> None:
        async with Ear(server.port, bearer).open() as ear:
            await until(lambda: ear.events)
            took = await sync_to_async(server.stop)()
            print("stop", took)
            assert took < 5
            await until(lambda: ear.ended)

    asyncio.run(stop_meanwhile())


def test_a_killed_process_loses_nothing(server: Server, bearer: dict[str, str], acme: Rows) -> None:
    async def survive() -> None:
        ear = Ear(server.port, bearer)
        async with ear.open():
            await until(lambda: ear.events)
            await sync_to_async(change)(acme, 3)
            await until(lambda: len(ear.ids) == 3)
            server.kill()
            await until(lambda: ear.ended)
        await sync_to_async(change)(acme, 4)
        await sync_to_async(server.start)()
        async with ear.open():
            await sync_to_async(change)(acme, 2)
            await until(lambda: len(ear.ids) >= 9)
        heard.extend(ear.ids)

    heard: list[int] = []
    asyncio.run(survive())
    assert heard == [*Change.objects.order_by("pk").values_list("pk", flat=True)]
