import uuid
from datetime import timedelta

import pytest

from accounts.providers.errors import MediaGone
from accounts.providers.events import MediaDescriptor, MediaKind
from media.models import MediaFile
from media.services import learn_source
from media.services.recording import record
from tests.media.ledger import NOW, media_row, result_of

pytestmark = pytest.mark.django_db

NEW = MediaDescriptor(kind=MediaKind.IMAGE, direct_path="/v/new?oe=1")


@pytest.mark.parametrize("state", ["missing", "expired", "failed", "unavailable", "pending"])
def test_another_source_is_tried_at_once(state: str) -> None:
    row = media_row(state=state, direct_path="/v/old", next_attempt_at=NOW + timedelta(hours=12))
    assert learn_source(row, NEW, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.direct_path, row.next_attempt_at) == ("pending", "/v/new?oe=1", NOW)


def test_the_same_source_again_changes_nothing() -> None:
    row = media_row(state="failed", direct_path="/v/new?oe=1")
    assert not learn_source(row, NEW, now=NOW)
    row.refresh_from_db()
    assert row.state == "failed"


def test_a_file_that_is_here_needs_no_source() -> None:
    row = media_row(state="ready", direct_path="/v/old")
    assert not learn_source(row, NEW, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.direct_path) == ("ready", "/v/old")


def test_a_row_that_moved_since_it_was_read_keeps_its_lease() -> None:
    row = media_row(state="failed", direct_path="/v/old")
    token = uuid.uuid4()
    MediaFile.objects.update(state="fetching", lease_token=token, lease_until=NOW + timedelta(minutes=1))
    assert learn_source(row, NEW, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.lease_token, row.direct_path) == ("fetching", token, "/v/new?oe=1")


def test_a_row_that_failed_since_it_was_read_is_tried_again() -> None:
    row = media_row(state="fetching", direct_path="/v/old")
    MediaFile.objects.update(state="expired")
    assert learn_source(row, NEW, now=NOW)
    row.refresh_from_db()
    assert row.state == "pending"


def test_a_source_that_was_told_during_a_fetch_is_tried_after_it() -> None:
    token = uuid.uuid4()
    row = media_row(
        state="fetching", direct_path="/v/old", lease_token=token, lease_until=NOW + timedelta(minutes=1)
    )
    assert learn_source(MediaFile.objects.get(pk=row.pk), NEW, now=NOW)
    record([result_of(row, MediaGone("HTTP 404", status=404))], token, NOW)
    row.refresh_from_db()
    assert (row.state, row.direct_path, row.lease_token) == ("pending", "/v/new?oe=1", None)
