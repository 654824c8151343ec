"""Forwards and troubles of our own storage, over the whole way."""

from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import WhatsappInstance
from media.models import FetchAttempt, MediaFile
from messaging.models import Message
from tests.messaging.announcing import announce, later, the_file, work
from tests.simulator.server import Simulator
from tests.simulator.world import Group
from tests.telling import ANA, BETO, LITE_ID, composer, make_client, make_wapi, post, stored_files

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_forward_is_not_downloaded_again(sim: Simulator) -> None:
    instance, second = make_wapi(), make_wapi(instance_id=LITE_ID)
    file = announce(sim, instance)
    work()
    body = composer(sim.world, second).media(BETO, file, "encaminhada", forwarded=True)
    post(second, body)
    work()
    first, forward = MediaFile.objects.order_by("id")
    assert (forward.state, forward.strategy, forward.file.name) == ("ready", "reuse", first.file.name)
    assert (forward.sha256, forward.size, forward.mimetype) == (first.sha256, first.size, first.mimetype)
    assert len(sim.world.seen("cdn")) == 1


def test_another_client_downloads_its_own_copy(sim: Simulator) -> None:
    instance, foreign = make_wapi(), make_wapi(make_client("Rival"), instance_id=LITE_ID)
    file = announce(sim, instance)
    work()
    post(foreign, composer(sim.world, foreign).media(BETO, file, "a mesma"))
    work()
    assert len({row.file.name for row in MediaFile.objects.all()}) == 2
    assert len(sim.world.seen("cdn")) == 2


def test_a_forward_of_a_file_that_was_lost_is_downloaded(sim: Simulator, media_root: Path) -> None:
    instance = make_wapi()
    file = announce(sim, instance)
    work()
    (media_root / the_file().file.name).unlink()
    post(instance, composer(sim.world, instance).media(BETO, file, "encaminhada"))
    work()
    assert MediaFile.objects.order_by("id").last().strategy == "cdn"  # type: ignore[union-attr]


def test_the_same_webhook_twice_brings_one_file(sim: Simulator, instance: WhatsappInstance) -> None:
    file = sim.world.sample_file(composer(sim.world, instance).line, "cake.jpg")
    body = composer(sim.world, instance).media(ANA, file)
    for _ in "ab":
        post(instance, body)
    work()
    assert (Message.objects.count(), MediaFile.objects.count(), FetchAttempt.objects.count()) == (1, 1, 1)


def test_a_picture_in_a_group_lies_in_the_group_s_folder(sim: Simulator) -> None:
    announce(sim, make_wapi(), group=Group("120363000000000001@g.us", "Entregas"))
    work()
    assert "/chats/120363000000000001@g.us/image/" in the_file().file.name


def test_a_storage_without_a_place_gives_the_attempt_back_and_says_so(
    sim: Simulator, settings: Settings, tmp_path: Path, instance: WhatsappInstance
) -> None:
    (tmp_path / "a file").write_text("")
    good, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path / "a file" / "media"
    announce(sim, instance)
    work()
    row = the_file()
    assert (row.state, row.attempts, row.error.startswith("our storage: ")) == ("pending", 0, True)
    settings.MEDIA_ROOT = good
    later()
    work()
    assert (the_file().state, the_file().error) == ("ready", "")


def test_a_storage_that_refuses_gives_the_attempt_back_and_says_so(
    sim: Simulator, settings: Settings, media_root: Path, instance: WhatsappInstance
) -> None:
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "tests.media.full.FullStorage"}}
    announce(sim, instance)
    work()
    row = the_file()
    assert (row.state, row.attempts) == ("pending", 0)
    assert row.error == "our storage: ConnectionError: the bucket is full"
    assert stored_files(media_root) == []
