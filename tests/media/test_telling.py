"""What becomes of a media file is told; waiting on is not."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from accounts.models import Change
from accounts.providers.errors import MediaGone, ProviderError, Unavailable
from media.models import MediaFile
from media.services import fetch_again, learn_source, mark_missing
from media.services.recording import give_up_on_killers, record, reuse_known
from media.services.schedule import MOST_ATTEMPTS
from tests.media.ledger import NOW, fetched, media_row, result_of
from tests.media.test_registering import NEW
from tests.telling import make_wapi

pytestmark = pytest.mark.django_db

OURS = uuid.uuid4()
HELD = {"state": "fetching", "lease_token": OURS, "lease_until": NOW + timedelta(minutes=1), "attempts": 1}


def told() -> list[tuple[str, int, int | None]]:
    return [(change.type, change.object_id, change.instance_id) for change in Change.objects.all()]


def updated(*rows: MediaFile) -> list[tuple[str, int, int | None]]:
    return [("media.updated", row.pk, row.instance_id) for row in rows]


def test_a_file_that_was_had_is_told() -> None:
    row, lost = (
        media_row(**HELD),
        media_row(make_wapi(instance_id="B"), **HELD | {"lease_token": uuid.uuid4()}),
    )
    results = [result_of(one, fetched=fetched(), name=f"{one.pk}.jpg") for one in (row, lost)]
    record(results, OURS, NOW)
    assert told() == updated(row)


@pytest.mark.parametrize(
    ("error", "state"),
    [(MediaGone("HTTP 404", status=404), "expired"), (Unavailable("HTTP 500", status=500), "pending")],
    ids=["gone", "waits again"],
)
def test_a_file_that_was_not_had_is_told_unless_it_waits_on(error: ProviderError, state: str) -> None:
    row = media_row(**HELD)
    record([result_of(row, error)], OURS, NOW)
    row.refresh_from_db()
    assert row.state == state
    assert told() == (updated(row) if state == "expired" else [])


def test_a_file_that_ends_its_workers_is_told() -> None:
    row = media_row(**HELD | {"attempts": MOST_ATTEMPTS + 1})
    give_up_on_killers([row], OURS, NOW)
    assert told() == updated(row)


def test_a_forward_of_a_known_file_is_told() -> None:
    twin = media_row(media_key="k", enc_sha256="ab")
    twin.file.save("x.jpg", ContentFile(b"x"), save=False)
    MediaFile.objects.filter(pk=twin.pk).update(state="ready", file=twin.file.name)
    row = media_row(twin.instance, media_key="k", enc_sha256="ab", **HELD)
    assert reuse_known([row], OURS, NOW) == []
    assert told() == updated(row)


@pytest.mark.parametrize("state", ["missing", "expired", "failed", "unavailable", "pending", "ready"])
def test_a_file_that_is_asked_for_again_is_told_if_it_did_not_wait_already(state: str) -> None:
    row = media_row(state=state, direct_path="/old")
    fetch_again(MediaFile.objects.all(), now=NOW)
    assert told() == ([] if state in ("pending", "ready") else updated(row))


@pytest.mark.parametrize("state", ["failed", "pending", "ready"])
def test_a_new_source_is_told_if_it_wakes_the_file(state: str) -> None:
    row = media_row(state=state, direct_path="/old")
    learn_source(row, NEW, now=NOW)
    assert told() == (updated(row) if state == "failed" else [])


def test_a_lost_file_is_told_once() -> None:
    row = media_row(state="ready")
    assert [mark_missing(row) for _ in range(2)] == [True, False]
    assert told() == updated(row)
