"""kill -9 of web and worker at random, while messages with media pour in: nothing is lost and nothing is doubled.

CHAOS_MESSAGES=500 is the full measure; give it ``-o faulthandler_timeout=900`` as well. CHAOS_SEED chooses other
moments.
"""

import hashlib
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from accounts.models import WhatsappInstance
from media.models import MediaFile
from messaging.models import Message, WebhookEvent
from tests.simulator.compose_cloud import CloudComposer
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.delivery import Body
from tests.simulator.server import Simulator
from tests.simulator.world import Line, Person, StoredFile
from tests.telling import CLOUD_ID, WAPI_ID, make_cloud, make_wapi, stored_files

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = int(os.environ.get("CHAOS_MESSAGES", "40"))
SEED = int(os.environ.get("CHAOS_SEED", "7"))
SENDERS = 4
BETWEEN_MESSAGES = 0.8
BETWEEN_KILLS = (0.8, 2.5)
SETTLED_WITHIN = 120
log = logging.getLogger(__name__)


@dataclass
class Victim:
    """A process with its children, in a group that dies as one."""

    command: list[str]
    env: dict[str, str]
    deaths: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        command = [sys.executable, *self.command]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, start_new_session=True)

    def kill(self) -> None:
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.deaths += 1


@dataclass
class Town:
    """What is sent, and the files that should be there in the end, by message id."""

    sim: Simulator
    lines: list[Line]
    dice: random.Random
    expected: dict[str, StoredFile] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)

    def message(self, number: int) -> tuple[Line, Body]:
        line = self.lines[number % len(self.lines)]
        data = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + self.dice.randbytes(
            self.dice.randint(5_000, 150_000)
        )
        file = self.sim.world.bytes_file(line, data, "image", "image/jpeg")
        compose = (WapiComposer if line.provider == "wapi" else CloudComposer)(self.sim.world, line)
        who = Person(
            f"Pessoa {number % 9}", f"55119000080{number % 9:02d}", f"3000000000{number % 9:05d}@lid"
        )
        body = compose.media(who, file, f"foto {number}")
        self.expected[compose.message_id(body)] = file
        return line, body

    def send(self, letters: list[tuple[Line, Body]]) -> None:
        """As a provider that insists: until the webhook is answered with 200."""
        dice = random.Random(len(letters))
        for line, body in letters:
            while (status := self.sim.courier.deliver(line, body)) != 200:
                self.answers.append(status)
                time.sleep(0.2)
            time.sleep(dice.uniform(0, 2 * BETWEEN_MESSAGES))


def database_url() -> str:
    """Of the very database that this test sees."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(sim: Simulator, media_root: Path) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "multichat.settings",
        "DATABASE_URL": database_url(),
        "MEDIA_ROOT": str(media_root),
        "MEDIA_EXTRA_HOSTS": sim.host,
        "WAPI_BASE_URL": sim.wapi_base,
        "CLOUD_API_BASE_URL": sim.cloud_base,
        "WHATSAPP_CDN_BASE_URL": sim.cdn_base,
        "WORKER_LEASE_SECONDS": "3",
        "LOG_LEVEL": "ERROR",
    }


def line_of(instance: WhatsappInstance, port: int) -> Line:
    facts = (instance.provider, instance.instance_id, instance.token, "5511900001111")
    line = Line(*facts, app_secret=instance.app_secret)
    line.use_webhook(f"http://127.0.0.1:{port}/webhook/receive/{instance.webhook_key}/")
    return line


@contextmanager
def running(*victims: Victim) -> Iterator[None]:
    try:
        for victim in victims:
            victim.start()
        yield
    finally:
        for victim in victims:
            victim.kill()


def kill_at_random(victims: list[Victim], dice: random.Random, go_on: Callable[[], bool]) -> None:
    while go_on():
        for victim in dice.sample(victims, len(victims)):
            time.sleep(dice.uniform(*BETWEEN_KILLS))
            victim.kill()
            victim.start()


def wait_until(settled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SETTLED_WITHIN
    while not settled() and time.monotonic() < deadline:
        time.sleep(0.2)


def nothing_waits() -> bool:
    unread = WebhookEvent.objects.filter(state="pending").exists()
    return not unread and not MediaFile.objects.filter(state__in=("pending", "fetching")).exists()


@pytest.mark.django_db(transaction=True)
def test_killed_at_random_every_message_and_every_file_arrives_exactly_once(media_root: Path) -> None:
    with Simulator() as sim:
        town = unleash(sim, media_root)
        messages = Message.objects.select_related("media")
        assert sorted(messages.values_list("provider_message_id", flat=True)) == sorted(town.expected)
        assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"processed"}
        assert {row.media.state for row in messages if row.media} == {"ready"}
        assert MediaFile.objects.count() == MESSAGES
        for row in messages:
            assert row.media
            kept = (media_root / row.media.file.name).read_bytes()
            assert hashlib.sha256(kept).digest() == town.expected[row.provider_message_id].sha256
    # What killed workers left half done lies apart, until it is swept.
    finished = [name for name in stored_files(media_root) if not name.startswith(".incoming/")]
    assert len(finished) == MESSAGES


def unleash(sim: Simulator, media_root: Path) -> Town:
    """Send, kill and restart; returns when all has been sent and nothing waits any more."""
    port, dice, began = free_port(), random.Random(SEED), time.monotonic()
    web, worker = victims(port, environment(sim, media_root))
    made = (make_wapi(instance_id=WAPI_ID), make_cloud(None, CLOUD_ID))
    town = Town(sim, [sim.world.add_line(line_of(instance, port)) for instance in made], dice)
    for point in ("cdn", "media-download"):
        sim.world.fault(point, slow=200_000)
    letters = [town.message(number) for number in range(MESSAGES)]
    senders = [threading.Thread(target=town.send, args=(letters[n::SENDERS],)) for n in range(SENDERS)]
    with running(web, worker):
        for sender in senders:
            sender.start()
        kill_at_random([web, worker], dice, lambda: any(sender.is_alive() for sender in senders))
        sent_after = time.monotonic() - began
        wait_until(nothing_waits)
    tell_figures(sent_after, time.monotonic() - began, web.deaths - 1, worker.deaths - 1)
    assert min(web.deaths, worker.deaths) > 2
    return town


def victims(port: int, env: dict[str, str]) -> tuple[Victim, Victim]:
    options = f"--interface wsgi --port {port} --no-ws --workers 1 --blocking-threads 4 --log-level critical"
    web = ["-m", "granian", *options.split(), "multichat.wsgi:application"]
    return Victim(web, env), Victim(["manage.py", "worker"], env)


def tell_figures(sent_after: float, done_after: float, web: int, worker: int) -> None:
    events = WebhookEvent.objects.filter(attempts__gt=1).count()
    files = MediaFile.objects.filter(attempts__gt=1).count()
    log.info("%d messages sent in %.0f s, all done in %.0f s", MESSAGES, sent_after, done_after)
    log.info("web killed %d times, worker %d times", web, worker)
    log.info("%d events and %d files were begun more than once", events, files)
