"""Files in the usage: each counted when it is ready for the first time."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import Usage, WhatsappInstance
from accounts.providers.events import MediaKind
from media.models import MediaFile
from media.services import fetch_again, mark_missing
from media.services.uploads import store_upload
from tests.media.test_fetching import JPEG, fetch_all, wanted
from tests.simulator.server import Simulator
from tests.telling import make_wapi

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def line(transactional_db: None) -> WhatsappInstance:
    return make_wapi()


def used() -> list[tuple[Any, ...]]:
    return list(Usage.objects.values_list("kind", "files", "bytes", "inbound", "outbound"))


def test_files_that_were_fetched_are_counted_with_their_sizes(sim: Simulator, line: WhatsappInstance) -> None:
    wanted(sim, line, 3)
    fetch_all()
    assert used() == [("image", 3, 3 * (len(JPEG) + 1), 0, 0)]


def test_a_forward_of_what_is_stored_counts_as_a_file(sim: Simulator, line: WhatsappInstance) -> None:
    [row] = wanted(sim, line)
    fetch_all()
    row.pk = None
    row.state, row.file = "pending", ""
    row.save(force_insert=True)
    fetch_all()
    assert used() == [("image", 2, 2 * (len(JPEG) + 1), 0, 0)]


def test_a_lost_file_that_is_had_again_is_not_counted_twice(
    sim: Simulator, line: WhatsappInstance, media_root: Path
) -> None:
    [row] = wanted(sim, line)
    fetch_all()
    row.refresh_from_db()
    (media_root / row.file.name).unlink()
    mark_missing(row)
    fetch_again(MediaFile.objects.all(), now=timezone.now())
    fetch_all()
    row.refresh_from_db()
    assert row.state == "ready"
    assert used() == [("image", 1, len(JPEG) + 1, 0, 0)]


def test_an_upload_is_counted_when_it_is_stored(line: WhatsappInstance) -> None:
    store_upload(
        instance=line,
        chat_id="5511",
        kind=MediaKind.IMAGE,
        content=ContentFile(JPEG),
        filename="a.jpg",
        mimetype="image/jpeg",
        now=timezone.now(),
    )
    assert used() == [("image", 1, len(JPEG), 0, 0)]
