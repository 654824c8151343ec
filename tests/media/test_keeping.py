import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from media.models import MediaFile, StrategyHealth
from media.services import fetch_again, mark_missing, resume, sweep
from media.services.keeping import PART_AGE
from media.storage import incoming_folder
from tests.media.ledger import NOW, media_row
from tests.telling import make_wapi, stored_files

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", ["missing", "expired", "failed", "unavailable", "pending"])
def test_a_file_asked_for_again_starts_its_schedule_anew(state: str) -> None:
    row = media_row(state=state, attempts=12, error="gone", next_attempt_at=NOW + timedelta(days=1))
    assert fetch_again(MediaFile.objects.all(), now=NOW) == 1
    row.refresh_from_db()
    assert (row.state, row.attempts, row.next_attempt_at) == ("pending", 0, NOW)


def test_ready_files_and_files_under_way_are_left(media_root: Path) -> None:
    line = make_wapi()
    media_row(line, state="ready")
    media_row(line, state="fetching", lease_token=uuid.uuid4(), lease_until=NOW + timedelta(minutes=1))
    before = list(MediaFile.objects.order_by("id").values())
    assert fetch_again(MediaFile.objects.all(), now=NOW) == 0
    assert list(MediaFile.objects.order_by("id").values()) == before


def test_asking_again_ends_the_breaks_of_those_lines_only() -> None:
    line, other = make_wapi(), make_wapi(instance_id="another")
    for instance in (line, other):
        StrategyHealth.objects.create(instance=instance, strategy="provider", closed_until=NOW)
    media_row(line, state="failed")
    media_row(other, state="ready")
    fetch_again(MediaFile.objects.all(), now=NOW)
    assert StrategyHealth.objects.get().instance == other


def test_only_a_ready_file_can_be_missing() -> None:
    line = make_wapi()
    ready, failed = media_row(line, state="ready"), media_row(line, state="failed")
    assert (mark_missing(ready), mark_missing(failed)) == (True, False)
    ready.refresh_from_db()
    assert (ready.state, ready.error) == ("missing", "the file is not in the storage")


def test_a_line_that_works_again_makes_its_waiting_files_due() -> None:
    line, other = make_wapi(), make_wapi(instance_id="another")
    later = NOW + timedelta(hours=12)
    mine, foreign = (media_row(instance, next_attempt_at=later) for instance in (line, other))
    assert resume(line, now=NOW) == 1
    for row in (mine, foreign):
        row.refresh_from_db()
    assert (mine.next_attempt_at, foreign.next_attempt_at) == (NOW, later)


def part(name: str, *, age: timedelta) -> None:
    incoming_folder().mkdir(parents=True, exist_ok=True)
    path = incoming_folder() / name
    path.write_bytes(b"half")
    moment = time.time() - age.total_seconds()
    os.utime(path, (moment, moment))


def test_the_sweep_removes_old_part_files_and_nothing_else(media_root: Path) -> None:
    part("old.part", age=PART_AGE + timedelta(minutes=1))
    part("young.part", age=PART_AGE - timedelta(minutes=1))
    kept = media_root / "cliente_1" / "old.jpg"
    kept.parent.mkdir()
    kept.write_bytes(b"whole")
    os.utime(kept, (0, 0))
    assert sweep() == 1
    assert stored_files(media_root) == [".incoming/young.part", "cliente_1/old.jpg"]


def test_the_sweep_removes_old_work_folders(media_root: Path) -> None:
    for name, moment in (("rendering-old", 0.0), ("rendering-young", time.time())):
        (incoming_folder() / name).mkdir(parents=True)
        (incoming_folder() / name / "source").write_bytes(b"half")
        os.utime(incoming_folder() / name, (moment, moment))
    assert sweep() == 1
    assert stored_files(media_root) == [".incoming/rendering-young/source"]


def test_a_part_file_that_vanishes_under_the_sweep_is_nothing(media_root: Path) -> None:
    part("finished.part", age=timedelta(days=1))
    part_file = incoming_folder() / "finished.part"
    part_file.unlink()
    part_file.symlink_to(media_root / "nowhere")
    assert sweep() == 0


def test_a_sweep_without_a_folder_is_nothing(media_root: Path) -> None:
    assert sweep() == 0


def test_a_sweep_of_a_place_that_cannot_be_is_nothing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    assert sweep() == 0


def test_the_first_few_of_many_can_be_asked_for_again() -> None:
    line = make_wapi()
    for _ in range(3):
        media_row(line, state="failed")
    assert fetch_again(MediaFile.objects.order_by("id")[:2], now=NOW) == 2
    assert MediaFile.objects.filter(state="failed").count() == 1
