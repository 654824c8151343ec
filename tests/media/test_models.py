import uuid
from itertools import product

import pytest
from django.db import IntegrityError, transaction

from media.models import MediaFile
from tests.media.ledger import NOW, media_row

pytestmark = pytest.mark.django_db

State = MediaFile.State
ALLOWED = {
    ("pending", "fetching"),
    *(("fetching", target) for target in ("ready", "pending", "expired", "failed", "unavailable")),
    ("ready", "missing"),
    *((source, "pending") for source in ("missing", "expired", "failed", "unavailable")),
}


@pytest.mark.parametrize(("source", "target"), list(product(State.values, repeat=2)), ids="-".join)
def test_a_file_goes_where_the_table_says_and_nowhere_else(source: str, target: str) -> None:
    row = media_row(state=source, file="somewhere.jpg")
    moved = MediaFile.objects.filter(pk=row.pk).move_to(State(target), error="moved")
    row.refresh_from_db()
    went = (source, target) in ALLOWED
    assert (moved, row.state, row.error) == ((1, target, "moved") if went else (0, source, ""))


def test_a_move_ends_the_lease() -> None:
    row = media_row(state="fetching", lease_token=uuid.uuid4(), lease_until=NOW)
    MediaFile.objects.filter(pk=row.pk).move_to(State.PENDING)
    row.refresh_from_db()
    assert (row.lease_token, row.lease_until) == (None, None)


def test_the_database_takes_no_ready_row_without_a_file() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        media_row(state="ready", file="")


def test_every_state_has_its_line_in_the_table() -> None:
    assert set(MediaFile.TRANSITIONS) == set(State)
