"""The hub in this process's own event loop: who is sent away, and what nobody hears twice or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.utils import timezone

from accounts import feed
from accounts.models import ApiToken, Change, Membership, User
from messaging.services.feeding import Wish
from messaging.streaming import hub as hub_module
from messaging.streaming.grants import Grant, Reach, grant_of, reaches
from messaging.streaming.hub import Hub, Listener
from messaging.streaming.serving import stream
from tests.tenants import Rows

pytestmark = pytest.mark.django_db(transaction=True)
People = dict[str, User]


def tell(rows: Rows, times: int = 1) -> list[int]:
    for _ in range(times):
        at, topic = timezone.now(), feed.Topic.MESSAGE
        feed.tell([feed.change(rows.instance, topic, rows.message.pk, feed.Action.UPDATED, at=at)])
    found = list(Change.objects.order_by("-pk").values_list("pk", flat=True)[:times])[::-1]
    connections.close_all()
    return found


def with_hub(play: Callable[[Hub], Awaitable[Any]], **facts: Any) -> Any:
    async def run() -> Any:
        hub = Hub(look_seconds=0.2, **facts)
        try:
            async with asyncio.timeout(120):
                return await play(hub)
        finally:
            await hub.close()

    return asyncio.run(run())


@pytest.fixture
def people(people: People) -> People:
    """As a request has them: whether there is a second factor was asked for already."""
    return {user.username: user for user in User.objects.select_related("second_factor")}


def listener_of(user: User, rows: Rows, token: ApiToken | None = None, wish: Wish | None = None) -> Listener:
    return Listener(grant_of(user, token, None), Reach(frozenset({rows.client.pk})), wish or Wish())


async def somebody_listens(hub: Hub) -> None:
    while not hub.listeners:
        await asyncio.sleep(0.01)


async def read(hub: Hub, listener: Listener, cursor: int | None, count: int, **facts: Any) -> list[bytes]:
    """So many frames, or all there are until the listener is sent away."""
    found: list[bytes] = []
    async with aclosing(stream(lambda: hub, listener, cursor, **facts)) as frames:
        async for part in frames:
            found += [frame for frame in part.split(b"\n\n") if frame]
            if len(found) >= count:
                break
    return found


def ids(frames: list[bytes]) -> list[int]:
    return [int(line[4:]) for frame in frames for line in frame.split(b"\n") if line.startswith(b"id: ")]


def test_what_was_missed_and_what_comes_meet_without_a_gap(people: People, acme: Rows, rival: Rows) -> None:
    start, *missed = tell(acme, 30)
    tell(rival)

    async def play(hub: Hub) -> list[bytes]:
        reading = asyncio.create_task(read(hub, listener_of(people["bob"], acme), start, 60))
        for _ in range(30):
            live.extend(await sync_to_async(tell)(acme))
        return await reading

    live: list[int] = []
    assert ids(with_hub(play)) == missed + live


def test_one_that_is_ahead_of_the_hub_hears_nothing_twice(people: People, acme: Rows) -> None:
    """It came from another process, which had read further."""

    async def play(hub: Hub) -> list[bytes]:
        async with hub.listening(listener_of(people["bob"], acme)):
            pass
        last = (await sync_to_async(tell)(acme, 5))[-1]
        hub.position -= 5
        reading = asyncio.create_task(read(hub, listener_of(people["bob"], acme), last, 2))
        told.extend(await sync_to_async(tell)(acme))
        return await reading

    told: list[int] = []
    tell(acme, 10)
    assert ids(with_hub(play)) == told


def test_a_wish_narrows_what_is_heard(people: People, acme: Rows) -> None:
    tell(acme)
    wish = Wish(types=frozenset({"media.updated"}))

    async def play(hub: Hub) -> list[bytes]:
        reading = asyncio.create_task(read(hub, listener_of(people["bob"], acme, wish=wish), None, 3))
        await somebody_listens(hub)
        await sync_to_async(tell)(acme)
        await sync_to_async(tell_of_media)(acme)
        return await reading

    assert b"event: media.updated" in with_hub(play)[2]


def tell_of_media(rows: Rows) -> None:
    at = timezone.now()
    feed.tell([feed.change(rows.instance, feed.Topic.MEDIA, rows.media_file.pk, feed.Action.UPDATED, at=at)])
    connections.close_all()


def test_a_quiet_stream_says_now_and_then_how_far_it_is(people: People, acme: Rows, rival: Rows) -> None:
    tell(acme)

    async def play(hub: Hub) -> list[bytes]:
        reading = read(hub, listener_of(people["bob"], acme), None, 1000, heartbeat_seconds=0.05)
        task = asyncio.create_task(reading)
        await somebody_listens(hub)
        (other,) = await sync_to_async(tell)(rival)
        while hub.position < other:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        next(iter(hub.listeners)).send_away()
        others.append(other)
        return await task

    others: list[int] = []
    frames = with_hub(play)
    assert frames[-1] == b": still here\nid: %d" % others[0]


def test_who_does_not_listen_is_sent_away_and_can_come_back(
    people: People, acme: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MOST_WAITING", 5)
    tell(acme)

    async def play(hub: Hub) -> tuple[Any, int]:
        listener = listener_of(people["bob"], acme)
        async with hub.listening(listener):
            await sync_to_async(tell)(acme, 20)
            while not listener.is_sent_away:
                await asyncio.sleep(0.01)
            return await listener.next(5), len(hub.listeners)

    assert with_hub(play) == (None, 0)


def test_who_has_too_many_open_waits_until_one_ends(
    people: People, acme: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MOST_PER_USER", 2)
    tell(acme)

    async def play(hub: Hub) -> tuple[list[bytes], ...]:
        bob, alice = (lambda name=name: listener_of(people[name], acme) for name in ("bob", "alice"))
        held = [asyncio.create_task(read(hub, bob(), None, 1000)) for _ in range(2)]
        while len(hub.listeners) < 2:
            await asyncio.sleep(0.01)
        crowded, other = await read(hub, bob(), None, 2), await read(hub, alice(), None, 2)
        next(iter(hub.listeners)).send_away()
        await asyncio.wait(held, return_when=asyncio.FIRST_COMPLETED)
        again = await read(hub, bob(), None, 2)
        return (
            crowded,
            other[:1],
            again[:1],
            [frame for task in held if task.done() for frame in task.result()][:1],
        )

    crowded, *others = with_hub(play)
    assert (crowded, others) == ([b"retry: 30000"], [[b"retry: 2000"]] * 3)


def test_a_reader_of_the_hub_that_fell_behind_for_good_sends_all_away(people: People, acme: Rows) -> None:
    told = tell(acme, 5)

    async def play(hub: Hub) -> tuple[Any, int]:
        listener = listener_of(people["bob"], acme)
        async with hub.listening(listener):
            hub.position = told[-1] + 100
            return await listener.next(10), hub.position

    assert with_hub(play) == (None, told[-1])


def revoke(people: People) -> None:
    ApiToken.objects.update(revoked_at=timezone.now())


def leave(people: People) -> None:
    Membership.objects.filter(user=people["bob"]).delete()


def join_another(people: People) -> None:
    client = Membership.objects.get(user=people["charlie"]).client
    Membership.objects.create(user=people["bob"], client=client)


@pytest.mark.parametrize(
    ("end", "with_token"), [(revoke, True), (leave, True), (leave, False), (join_another, False)]
)
def test_a_stream_ends_when_its_rights_change(
    end: Callable[[People], None], with_token: bool, people: People, acme: Rows
) -> None:
    tell(acme)
    token, _ = ApiToken.issue(user=people["bob"], client=acme.client, role="viewer", name="wall")
    listener = listener_of(people["bob"], acme, token if with_token else None)

    async def play(hub: Hub) -> bool:
        reading = asyncio.create_task(read(hub, listener, None, 1000))
        await asyncio.sleep(1)
        still = not reading.done()
        await sync_to_async(end)(people)
        await sync_to_async(connections.close_all)()
        await reading
        return still

    assert with_hub(play, check_seconds=0.1)


def test_rights_of_any_number_are_read_by_four_queries(
    people: People, acme: Rows, rival: Rows, django_assert_num_queries: Any
) -> None:
    session = SessionStore()
    session.create()
    bob, root = people["bob"], people["root"]
    token, _ = ApiToken.issue(user=root, client=rival.client, role="viewer", name="wall")
    grants = {grant_of(user, None, session.session_key) for user in people.values()} | {
        grant_of(root, token, None)
    }
    gone = {
        grant_of(bob, None, "no such session"),
        Grant(bob.pk, None, "", "old password"),
        Grant(10**9, None),
    }
    with django_assert_num_queries(4):
        found = reaches(grants | gone, timezone.now())
    assert set(found) == grants
    assert found[grant_of(bob, None, session.session_key)] == Reach(frozenset({acme.client.pk}))
    assert found[grant_of(root, None, session.session_key)] == Reach(None)
    assert found[grant_of(root, token, None)] == Reach(frozenset({rival.client.pk}))
