"""Files that a simulated provider announces, and a worker that looks for them."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import WhatsappInstance
from media.models import MediaFile, StrategyHealth
from tests.simulator.server import Simulator
from tests.simulator.world import StoredFile
from tests.telling import ANA, composer, make_cloud, make_wapi, post

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 200
PDF = b"%PDF-1.4\n" + b"contrato " * 5000


@pytest.fixture(params=[make_wapi, make_cloud], ids=["wapi", "cloud"])
def instance(request: pytest.FixtureRequest, transactional_db: None) -> WhatsappInstance:
    made: WhatsappInstance = request.param()
    return made


def announce(sim: Simulator, instance: WhatsappInstance, data: bytes = JPEG, **facts: Any) -> StoredFile:
    """A message with a file: on the CDN, and announced to us."""
    frame = {name: facts.pop(name) for name in ("group", "message_id") if name in facts}
    talk = composer(sim.world, instance)
    chosen = {"kind": "image", "mimetype": "image/jpeg", **facts}
    file = sim.world.bytes_file(talk.line, data, chosen.pop("kind"), chosen.pop("mimetype"), **chosen)
    assert post(instance, talk.media(ANA, file, "legenda", **frame)).status_code == 200
    return file


def work() -> None:
    call_command("worker", "--once")


def later() -> None:
    """The next try is due now, whatever was paused."""
    MediaFile.objects.filter(state="pending").update(next_attempt_at=timezone.now())
    StrategyHealth.objects.update(closed_until=timezone.now() - timedelta(seconds=1))


def the_file() -> MediaFile:
    return MediaFile.objects.select_related("instance").get()
