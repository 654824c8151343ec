"""The whole way: a provider delivers, the worker processes and fetches, and the file lies where it should."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import WhatsappInstance
from media.models import FetchAttempt, MediaFile
from messaging.models import WebhookEvent
from tests.messaging.announcing import JPEG, PDF, announce, later, the_file, work
from tests.simulator.server import Simulator
from tests.telling import ANA, composer, make_cloud, make_wapi, post, stored_files

pytestmark = pytest.mark.django_db(transaction=True)


def outcomes() -> list[tuple[str, str]]:
    return [(row.strategy, row.outcome) for row in FetchAttempt.objects.order_by("id")]


def test_a_picture_of_w_api_is_ready_with_the_right_bytes_at_the_right_path(
    sim: Simulator, media_root: Path
) -> None:
    instance = make_wapi()
    announce(sim, instance)
    work()
    row = the_file()
    folder = f"cliente_{instance.client_id}/instance_{instance.instance_id}/chats/100000000022222@lid/image"
    assert (row.state, row.strategy, row.file.name) == ("ready", "cdn", f"{folder}/{row.pk}_image.jpg")
    assert (media_root / row.file.name).read_bytes() == JPEG
    assert (row.size, row.sha256) == (len(JPEG), hashlib.sha256(JPEG).hexdigest())
    assert (row.lease_token, row.lease_until, row.error, row.attempts) == (None, None, "", 1)


def test_a_document_of_the_cloud_api_is_ready_with_its_name_made_safe(
    sim: Simulator, media_root: Path
) -> None:
    instance = make_cloud()
    announce(
        sim, instance, PDF, kind="document", mimetype="application/pdf", filename="Contrato nº 7/../x.pdf"
    )
    work()
    row = the_file()
    folder = f"cliente_{instance.client_id}/instance_{instance.instance_id}/chats/{ANA.phone}/document"
    assert (row.state, row.strategy, row.file.name) == ("ready", "provider", f"{folder}/{row.pk}_x.pdf")
    assert (media_root / row.file.name).read_bytes() == PDF


def test_a_part_file_is_never_left_behind(
    sim: Simulator, media_root: Path, instance: WhatsappInstance
) -> None:
    announce(sim, instance)
    work()
    assert stored_files(media_root) == [the_file().file.name]


def test_w_apis_download_endpoint_may_fail_for_ever(sim: Simulator) -> None:
    fault = sim.world.fault("download-media", status=500)
    announce(sim, make_wapi())
    work()
    assert (the_file().state, outcomes(), fault.hits) == ("ready", [("cdn", "ok")], 0)


def test_the_provider_delivers_what_the_cdn_refuses(sim: Simulator, media_root: Path) -> None:
    sim.world.fault("cdn", status=403)
    announce(sim, make_wapi())
    work()
    assert (the_file().state, the_file().strategy) == ("ready", "provider")
    assert outcomes() == [("cdn", "gone"), ("provider", "ok")]
    assert (media_root / the_file().file.name).read_bytes() == JPEG


def test_the_alternative_call_delivers_what_the_others_cannot(sim: Simulator) -> None:
    sim.world.alternative_download = True
    sim.world.fault("cdn", status=503)
    sim.world.fault("download-media", status=500)
    announce(sim, make_wapi())
    work()
    assert (the_file().state, the_file().strategy) == ("ready", "provider_alt")


def test_an_instance_s_own_order_is_kept(sim: Simulator) -> None:
    announce(sim, make_wapi(media_strategies="provider,cdn"))
    work()
    assert outcomes() == [("provider", "ok")]


def test_a_file_that_nobody_gives_for_a_while_arrives_when_they_recover(
    sim: Simulator, instance: WhatsappInstance
) -> None:
    for point in ("cdn", "download-media", "media-info", "media-download"):
        sim.world.fault(point, status=503)
    announce(sim, instance)
    for attempt in (1, 2, 3):
        work()
        row = the_file()
        assert (row.state, row.attempts) == ("pending", attempt)
        assert row.error
        assert row.next_attempt_at > timezone.now()
        later()
    sim.world.faults.clear()
    work()
    assert (the_file().state, the_file().error) == ("ready", "")


def test_what_is_not_due_yet_is_left_by_a_single_run(sim: Simulator, instance: WhatsappInstance) -> None:
    sim.world.fault("cdn", status=503, times=1)
    for point in ("download-media", "media-download", "media-info"):
        sim.world.fault(point, status=503)
    announce(sim, instance)
    work()
    count = FetchAttempt.objects.count()
    work()
    assert FetchAttempt.objects.count() == count


@pytest.mark.parametrize(
    "fault",
    [{"flip_at": 700}, {"flip_at": 51000}, {"truncate_at": 9000}, {"html": True}, {"truncate_at": 0}],
    ids=str,
)
def test_bytes_that_are_not_the_file_are_never_stored(
    fault: dict[str, Any], sim: Simulator, media_root: Path, instance: WhatsappInstance
) -> None:
    for point in ("cdn", "file-link", "media-download"):
        sim.world.fault(point, **fault)
    announce(sim, instance)
    work()
    assert (the_file().state, the_file().file.name) == ("pending", "")
    assert stored_files(media_root) == []
    assert "ok" not in {outcome for _, outcome in outcomes()}


def test_a_wrong_mac_is_never_stored(sim: Simulator, media_root: Path) -> None:
    size = len(JPEG) + 16 - len(JPEG) % 16 + 9
    sim.world.fault("cdn", flip_at=size)
    sim.world.fault("download-media", status=500)
    announce(sim, make_wapi())
    work()
    assert outcomes()[0] == ("cdn", "integrity")
    assert stored_files(media_root) == []


def test_bytes_that_stay_wrong_end_as_failed(sim: Simulator, media_root: Path) -> None:
    for point in ("cdn", "file-link"):
        sim.world.fault(point, html=True)
    announce(sim, make_wapi())
    for _ in range(5):
        work()
        later()
    assert the_file().state == "failed"
    assert stored_files(media_root) == []


def test_a_file_that_every_source_has_lost_is_expired(sim: Simulator) -> None:
    for point in ("cdn", "download-media", "file-link", "media-download-alt"):
        sim.world.fault(point, status=404)
    announce(sim, make_wapi(media_strategies="cdn"))
    work()
    assert (the_file().state, the_file().attempts) == ("expired", 1)


def test_a_line_that_is_down_raises_an_alarm_burns_no_attempts_and_goes_on_when_it_is_back(
    sim: Simulator,
) -> None:
    instance = make_wapi()
    announce(sim, instance)
    sim.world.lines[instance.instance_id].connected = False
    sim.world.fault("cdn", status=404)
    for _ in range(3):
        work()
        MediaFile.objects.update(next_attempt_at=timezone.now())
    instance.refresh_from_db()
    assert instance.alarm
    assert (the_file().state, the_file().attempts) == ("pending", 0)
    assert [outcome for strategy, outcome in outcomes() if strategy == "provider"] == ["line_down"]
    sim.world.lines[instance.instance_id].connected = True
    post(instance, composer(sim.world, instance).connected())
    work()
    instance.refresh_from_db()
    assert (the_file().state, the_file().strategy, instance.alarm) == ("ready", "provider", "")


def test_other_ways_go_on_while_the_line_is_down(sim: Simulator) -> None:
    instance = make_wapi()
    announce(sim, instance)
    sim.world.lines[instance.instance_id].connected = False
    work()
    assert (the_file().state, the_file().strategy) == ("ready", "cdn")


def test_a_token_that_works_again_clears_the_alarm(sim: Simulator) -> None:
    instance = make_cloud()
    announce(sim, instance)
    line = sim.world.lines[instance.instance_id]
    line.token = "another"
    work()
    instance.refresh_from_db()
    assert (bool(instance.alarm), the_file().attempts) == (True, 0)
    line.token = instance.token
    later()
    work()
    instance.refresh_from_db()
    assert (the_file().state, instance.alarm) == ("ready", "")


def test_a_broken_event_does_not_keep_the_worker_from_the_rest(sim: Simulator) -> None:
    instance = make_wapi()
    WebhookEvent.objects.create(instance=instance, body=b"not json at all")
    announce(sim, instance)
    work()
    assert list(WebhookEvent.objects.order_by("id").values_list("state", flat=True)) == [
        "failed",
        "processed",
    ]
    assert the_file().state == "ready"


def test_many_files_of_many_lines_arrive_in_one_run(sim: Simulator) -> None:
    for number in range(3):
        instance = make_wapi(instance_id=f"LINE-{number}")
        for name in range(6):
            announce(sim, instance, JPEG + bytes([number, name]))
    work()
    assert MediaFile.objects.filter(state="ready").count() == 18


def test_several_processes_need_postgresql() -> None:
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL allows them")
    with pytest.raises(CommandError, match="PostgreSQL"):
        call_command("worker", "--processes", "2")


def test_less_than_one_process_is_refused() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("worker", "--processes", "0")
