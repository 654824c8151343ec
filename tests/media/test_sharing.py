"""What one client has twice is stored once, whichever way it came; nothing is shared between clients."""

from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import WhatsappInstance
from media.models import MediaFile, StorageUse
from media.services import Fetcher, fetch_now, mark_missing, new_media_file
from media.services.auditing import strays
from media.services.discarding import discard
from media.services.uploads import copy_of
from media.storage import storage
from tests.media.test_fetching import JPEG, described
from tests.media.test_uploads import stored, upload
from tests.simulator.server import Simulator
from tests.telling import composer, make_wapi, stored_files
from tests.tenants import PICTURE, Rows, acme, rival  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


def used(rows: Rows) -> tuple[int, int]:
    found = StorageUse.objects.get(pk=rows.client.pk)
    return found.files, found.bytes


def files(media_root: Path) -> int:
    return sum(path.is_file() for path in media_root.rglob("*"))


def test_an_upload_that_is_here_already_names_the_first(acme: Rows, media_root: Path) -> None:
    before = files(media_root)
    first, second = upload(acme.instance), upload(acme.instance, filename="other.jpg")
    assert (second.file.name, stored(second)) == (first.file.name, PICTURE)
    assert (files(media_root) - before, list(strays(None))) == (1, [])
    assert used(acme) == (1, len(PICTURE))


def test_nothing_is_shared_between_clients(acme: Rows, rival: Rows) -> None:
    ours, theirs = upload(acme.instance), upload(rival.instance)
    assert ours.file.name != theirs.file.name
    assert used(acme) == used(rival) == (1, len(PICTURE))


def test_what_only_claims_to_be_the_same_is_stored_of_its_own(acme: Rows) -> None:
    first = upload(acme.instance)
    second = upload(acme.instance, PICTURE + b"x")
    assert (second.file.name != first.file.name, used(acme)) == (True, (2, 2 * len(PICTURE) + 1))


def test_a_twin_whose_bytes_are_lost_is_no_twin(acme: Rows) -> None:
    first = upload(acme.instance)
    storage().delete(first.file.name)
    assert stored(upload(acme.instance)) == PICTURE


def test_a_file_is_counted_until_the_last_row_has_lost_it(acme: Rows) -> None:
    first = upload(acme.instance)
    copy = copy_of(first, instance=acme.instance, chat_id="c", now=NOW)
    mark_missing(first)
    assert used(acme) == (1, len(PICTURE))
    mark_missing(copy)
    assert used(acme) == (0, 0)


def wanted(sim: Simulator, line: WhatsappInstance, count: int) -> list[MediaFile]:
    """The same picture under keys of their own: no forwards of one another."""
    now, chat = timezone.now(), composer(sim.world, line).line
    rows = []
    for _ in range(count):
        media = described(sim.world.bytes_file(chat, JPEG, "image", "image/jpeg"))
        rows.append(new_media_file(instance=line, chat_id="c", media=media, received_at=now, now=now))
        rows[-1].save()
    return rows


def test_what_is_fetched_twice_is_kept_once(sim: Simulator, media_root: Path) -> None:
    line = make_wapi()
    rows = wanted(sim, line, 3)
    assert sum(fetch_now(MediaFile.objects.all(), now=timezone.now)) == 3
    kept = {row.file.name for row in MediaFile.objects.filter(state="ready")}
    assert kept == {name for name in stored_files(media_root) if not name.endswith(".part")}
    assert len(kept) == 1
    use = StorageUse.objects.get(pk=line.client_id)
    assert (use.files, use.bytes) == (1, len(JPEG))
    assert {row.fetch_attempts.get().strategy for row in rows} == {"cdn"}


def test_what_is_discarded_while_it_is_fetched_leaves_nothing(sim: Simulator, media_root: Path) -> None:
    line = make_wapi()
    first, second = wanted(sim, line, 2)
    fetcher = Fetcher(threads=1)
    fetcher.top_up(timezone.now())
    discard([first], now=NOW)
    while fetcher.under_way:
        fetcher.collect(timezone.now(), wait=1)
    fetcher.close()
    assert MediaFile.objects.get().pk == second.pk
    assert stored(MediaFile.objects.get()) == JPEG
    assert len(stored_files(media_root)) == 1
