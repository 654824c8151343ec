"""kill -9 of the worker in the middle of sends: the providers get each message exactly once, and in its order.

CHAOS_SENDS=200 is the full measure; give it ``-o faulthandler_timeout=900`` as well. CHAOS_SEED chooses other
moments.
"""

import logging
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.providers.events import MessageType
from messaging.models import Conversation, Message, OutboxItem
from messaging.services import sending
from messaging.services.sending import Draft
from tests.chaos.test_kill import Victim, environment, free_port, line_of, running, victims, wait_until
from tests.messaging.outgoing import picture, talk_with
from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.server import Simulator
from tests.simulator.world import Line, Person
from tests.telling import CLOUD_ID, WAPI_ID, make_cloud, make_wapi

SENDS = int(os.environ.get("CHAOS_SENDS", "30"))
SEED = int(os.environ.get("CHAOS_SEED", "7"))
CHATS = 4
ANSWER_AFTER = 0.3
UNTIL_KILLED = (0, 0.8)
KILLS = 3 + SENDS // 20
BETWEEN_THEIR_WORDS = 0.4
CUSTOMER = Person("Caio", "5511900007777")
log = logging.getLogger(__name__)


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_of_sends_each_arrives_exactly_once(media_root: Path) -> None:
    with Simulator() as sim:
        lines = send_and_kill(sim, media_root)
        messages = Message.objects.filter(direction="outbound").order_by("id")
        settled = OutboxItem.objects.exclude(state="sent").values_list("state", "doubt", "error")
        assert list(settled) == []
        assert sorted(messages.values_list("provider_message_id", flat=True)) == sorted(
            sent.id for sent in sim.world.sent
        )
        assert messages.count() == SENDS
        assert set(messages.values_list("status", flat=True)) <= {"sent", "delivered", "read"}
        for conversation in Conversation.objects.filter(instance__in=lines, outbox__isnull=False).distinct():
            assert arrived(sim, conversation) == wished(conversation)


def send_and_kill(sim: Simulator, media_root: Path) -> list[int]:
    port, dice, began = free_port(), random.Random(SEED), time.monotonic()
    # An answer that takes a while is one in whose middle a worker can be killed.
    for point in ("send-text", "send-image", "messages"):
        sim.world.fault(point, answer_after=ANSWER_AFTER)
    env = environment(sim, media_root) | {"WAPI_SEND_SECONDS": "0", "SEND_SETTLE_SECONDS": "3"}
    web, worker = victims(port, env)
    instances = [make_wapi(instance_id=WAPI_ID), make_cloud(None, CLOUD_ID)]
    known = [sim.world.add_line(line_of(instance, port)) for instance in instances]
    chats = [
        talk_with(instance, Person(f"Pessoa {n}", f"551190000{instance.pk % 9}{n:03d}"))
        for instance in instances
        for n in range(CHATS)
    ]
    queue(chats)
    with running(web), customers(sim, known), running(worker):
        caught = kill_in_the_middle(worker, dice)
        wait_until(nothing_waits)
    again = OutboxItem.objects.filter(attempts__gt=1).count()
    log.info("%d sends done in %.0f s", SENDS, time.monotonic() - began)
    log.info("worker killed %d times, with %d sends under way", worker.deaths - 1, caught)
    log.info("%d sends were begun more than once", again)
    assert caught > 2
    return [instance.pk for instance in instances]


def queue(chats: list[Conversation]) -> None:
    for number in range(SENDS):
        chat = chats[number % len(chats)]
        draft = Draft(type=MessageType.TEXT, text=f"aviso {number}")
        if number % 5 == 0:
            content = b"\xff\xd8\xff\xe0" + str(number).encode() * 3000
            draft = Draft(type=MessageType.IMAGE, text=f"aviso {number}", media=picture(chat, content))
        sending.send(chat, draft, by=None, key=f"k-{number}", now=timezone.now())


def kill_in_the_middle(worker: Victim, dice: random.Random) -> int:
    """Each time when it has begun to send; how many sends were under way."""
    caught, alive_since = 0, timezone.now()
    while worker.deaths < KILLS:
        sends = OutboxItem.objects.filter(asked_at__gt=alive_since)
        wait_until(lambda: sends.exists() or nothing_waits())  # noqa: B023 - called before the next turn
        time.sleep(dice.uniform(*UNTIL_KILLED))
        worker.kill()
        caught += OutboxItem.objects.filter(state="sending", asked_at__gt=alive_since).count()
        alive_since = timezone.now()
        worker.start()
    return caught


@contextmanager
def customers(sim: Simulator, lines: list[Line]) -> Iterator[None]:
    """Somebody always writes to each line, so that it is known whether its webhooks come through."""
    over = threading.Event()

    def write(line: Line) -> None:
        compose = (WapiComposer if line.provider == "wapi" else CloudComposer)(sim.world, line)
        while not over.wait(BETWEEN_THEIR_WORDS):
            sim.courier.deliver(line, compose.text(CUSTOMER, "oi"))

    threads = [threading.Thread(target=write, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def nothing_waits() -> bool:
    return not OutboxItem.objects.exclude(state="sent").exists()


def wished(conversation: Conversation) -> list[str]:
    return list(
        conversation.messages.filter(direction="outbound").order_by("id").values_list("text", flat=True)
    )


def arrived(sim: Simulator, conversation: Conversation) -> list[str]:
    """What the provider got for this chat, in the order in which it came."""
    mine = [
        sent
        for sent in sim.world.sent
        if sent.line_id == conversation.instance.instance_id and sent.to.lstrip("+") == conversation.chat_id
    ]
    return [text_of(sent.body) for sent in mine]


def text_of(body: dict) -> str:
    meta = body.get("text") or body.get("image")
    if isinstance(meta, dict):
        return str(meta.get("body") or meta.get("caption"))
    return str(body.get("message") or body.get("caption"))
