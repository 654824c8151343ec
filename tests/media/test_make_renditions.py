"""The command that has renditions made of what was stored before there were any, and again."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import WhatsappInstance
from media.models import MediaFile, Rendition
from media.services.catching_up import PAGE
from tests.media.ledger import media_row
from tests.media.rendering import made, make_all, picture, sample, states, stored
from tests.telling import make_client, make_cloud, make_wapi

pytestmark = pytest.mark.django_db


@pytest.fixture
def line() -> WhatsappInstance:
    return make_cloud()


def run(**options: Any) -> str:
    out = StringIO()
    call_command("make_renditions", stdout=out, stderr=out, **options)
    return out.getvalue()


def old(line: WhatsappInstance, name: str) -> MediaFile:
    """Stored before there were renditions."""
    media_file = sample(line, name)
    Rendition.objects.filter(media_file=media_file).delete()
    return media_file


def test_old_files_are_put_in_line(line: WhatsappInstance) -> None:
    voice, cake = old(line, "voice-order.ogg"), old(line, "cake.jpg")
    assert run() == "3 renditions put in line: 1 thumbnail, 1 m4a, 1 waveform.\n"
    assert (states(voice), states(cake)) == (
        {"m4a": "pending", "waveform": "pending"},
        {"thumbnail": "pending"},
    )


def test_a_dry_run_changes_nothing(line: WhatsappInstance) -> None:
    old(line, "voice-order.ogg")
    assert run(dry_run=True) == "2 renditions would be made: 1 m4a, 1 waveform.\n"
    assert not Rendition.objects.exists()


def test_what_is_there_is_left_alone(line: WhatsappInstance) -> None:
    sample(line, "cake.jpg")
    make_all()
    assert run() == "0 renditions put in line: none.\n"


def test_now_makes_them_here_and_says_what_came_of_it(line: WhatsappInstance) -> None:
    old(line, "cake.jpg")
    stored(line, picture(900, 900)[:-500])
    told = run(now=True)
    assert "2 renditions put in line: 2 thumbnail." in told
    assert "Now: 1 ready, 1 failed." in told
    assert "1  cannot be read: OSError: image file is truncated" in told


def test_a_preview_that_shows_up_on_the_way_is_made_too(line: WhatsappInstance) -> None:
    media_file = stored(line, picture(2000, 100))
    assert "Now: 2 ready." in run(now=True)
    assert states(media_file) == {"thumbnail": "ready", "preview": "ready"}


def test_ready_ones_are_made_anew_by_name(line: WhatsappInstance) -> None:
    cake = sample(line, "cake.jpg")
    make_all()
    Rendition.objects.update(size=1)
    assert "1 renditions put in line: 1 thumbnail." in run(state="ready", now=True)
    assert made(cake).size != 1


def test_a_state_brings_no_new_ones(line: WhatsappInstance) -> None:
    old(line, "cake.jpg")
    failed = sample(line, "receipt.png")
    Rendition.objects.update(state="failed", error="broken", attempts=3)
    assert "1 renditions" in run(state="failed")
    again = made(failed)
    assert (again.state, again.error, again.attempts) == ("pending", "", 0)


def test_kinds_lines_clients_times_and_ids_choose(line: WhatsappInstance) -> None:
    voice, cake = old(line, "voice-order.ogg"), old(line, "cake.jpg")
    other = make_wapi(make_client("Other"))
    old(other, "cake.jpg")
    MediaFile.objects.filter(pk=cake.pk).update(created_at=timezone.now() - timedelta(days=9))
    before = f"{timezone.now() - timedelta(days=1):%Y-%m-%d}"
    assert "1 renditions would be made: 1 m4a." in run(kind="m4a", dry_run=True)
    assert "1 renditions would be made: 1 thumbnail." in run(client="other", dry_run=True)
    assert "3 renditions" in run(instance=line.instance_id, dry_run=True)
    assert "1 renditions" in run(until=before, dry_run=True)
    assert "2 renditions" in run(id=[voice.pk], dry_run=True)


def test_the_limit_counts_renditions_that_are_lacking(line: WhatsappInstance) -> None:
    voice = old(line, "voice-order.ogg")
    sample(line, "cake.jpg")
    make_all()
    assert "1 renditions put in line: 1 " in run(limit=1)
    assert len(states(voice)) == 1


def test_files_that_are_not_ready_have_none(line: WhatsappInstance) -> None:
    media_row(line, mimetype="image/jpeg")
    media_row(line, mimetype="image/jpeg", state="missing", file="x.jpg")
    assert "0 renditions" in run()


def test_without_ffmpeg_it_says_so_and_makes_the_rest(
    line: WhatsappInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    voice, cake = old(line, "voice-order.ogg"), old(line, "cake.jpg")
    told = run(now=True)
    assert "There is no ffmpeg here" in told
    assert "Now: 1 ready, 2 unavailable." in told
    assert (made(voice, "m4a").state, made(cake).state) == ("unavailable", "ready")


@pytest.mark.parametrize("options", [{"state": "making"}, {"state": "x"}, {"kind": "x"}, {"limit": 0}])
def test_nonsense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        run(**options)


def test_many_files_cost_few_queries(line: WhatsappInstance, django_assert_max_num_queries: Any) -> None:
    fields = {"kind": "image", "mimetype": "image/png", "state": "ready", "file": "x.png"}
    MediaFile.objects.bulk_create(MediaFile(instance=line, **fields) for _ in range(PAGE + 1))
    with django_assert_max_num_queries(16):
        assert f"{PAGE + 1} renditions put in line" in run()
