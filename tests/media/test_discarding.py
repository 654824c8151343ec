"""Bytes go when the last row that names them is gone, and never before."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, connections
from django.utils import timezone

from accounts import feed
from accounts.models import Change
from media.models import Leftover, MediaFile, Rendition, StorageUse
from media.services.auditing import strays
from media.services.discarding import Freed, discard, remove_leftovers
from media.services.uploads import NotStorable, copy_of
from media.storage import storage
from tests.media.test_uploads import DiesAt, Killed, stored, upload
from tests.tenants import PICTURE, Rows, acme, rival  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


def copy(media_file: MediaFile, rows: Rows) -> MediaFile:
    return copy_of(media_file, instance=rows.instance, chat_id="c", now=NOW)


def used(rows: Rows) -> tuple[int, int]:
    found = StorageUse.objects.get(pk=rows.client.pk)
    return found.files, found.bytes


def test_a_discarded_file_takes_its_row_and_its_bytes_along(acme: Rows) -> None:
    row = upload(acme.instance)
    assert discard([row], now=NOW) == Freed(1, len(PICTURE))
    assert not MediaFile.objects.filter(pk=row.pk).exists()
    assert not storage().exists(row.file.name)
    assert not Leftover.objects.exists()


def test_bytes_that_another_row_names_stay(acme: Rows) -> None:
    row = upload(acme.instance)
    other = copy(row, acme)
    assert discard([row], now=NOW) == Freed(0, 0)
    assert stored(other) == PICTURE
    assert discard([other], now=NOW) == Freed(1, len(PICTURE))
    assert not storage().exists(row.file.name)


def test_rows_of_one_file_that_go_together_free_it_once(acme: Rows) -> None:
    row = upload(acme.instance)
    pks = [row.pk, copy(row, acme).pk]
    assert discard(MediaFile.objects.filter(pk__in=pks), now=NOW) == Freed(1, len(PICTURE))
    assert discard(MediaFile.objects.filter(pk__in=pks), now=NOW) == Freed(0, 0)


def test_renditions_go_along_unless_another_row_shows_them(acme: Rows) -> None:
    row = upload(acme.instance)
    name = storage().save("t.webp", ContentFile(b"picture"))
    facts = {"state": "ready", "file": name, "mimetype": "image/webp", "size": 7}
    row.renditions.filter(kind="thumbnail").delete()
    Rendition.objects.create(instance=acme.instance, media_file=row, kind="thumbnail", **facts)
    other = copy(row, acme)
    discard([row], now=NOW)
    assert storage().exists(name)
    assert discard([other], now=NOW) == Freed(2, len(PICTURE) + 7)
    assert not storage().exists(name)


def test_a_row_that_is_kept_has_no_source_and_says_why(acme: Rows) -> None:
    row = upload(acme.instance)
    discard([row], now=NOW, keep_rows="Kept for 30 days only.")
    row.refresh_from_db()
    assert (row.state, row.cause, row.error) == ("unavailable", "removed", "Kept for 30 days only.")
    assert (row.file.name, row.sha256, row.media_key, row.direct_path, row.filename) == ("",) * 5
    assert list(strays(None)) == []


def test_front_ends_are_told(acme: Rows) -> None:
    row, other = upload(acme.instance), upload(acme.instance, PICTURE + b"x")
    discard([row], now=NOW)
    discard([other], now=NOW, keep_rows="Over.")
    told = Change.objects.filter(topic="media").order_by("id").values_list("object_id", "action")
    assert list(told)[-2:] == [(row.pk, "deleted"), (other.pk, "updated")]


def test_nothing_is_removed_before_the_callers_transaction_is_through(acme: Rows) -> None:
    row = upload(acme.instance)
    with pytest.raises(ZeroDivisionError), feed.collecting():
        discard([row], now=NOW)
        assert storage().exists(row.file.name)
        raise ZeroDivisionError
    assert stored(MediaFile.objects.get(pk=row.pk)) == PICTURE
    with feed.collecting():
        discard([row], now=NOW)
    assert not storage().exists(row.file.name)


class Refusing:
    """A storage that deletes nothing until it is told to."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error: type[BaseException] | None = error
        self.real = storage()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def delete(self, name: str) -> None:
        if self.error:
            raise self.error
        self.real.delete(name)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[BaseException]], Refusing]:
    def place(error: type[BaseException]) -> Refusing:
        chosen = Refusing(error)
        monkeypatch.setattr(MediaFile._meta.get_field("file"), "storage", chosen)
        return chosen

    return place


def test_a_storage_that_refuses_is_asked_again_later(acme: Rows, refusing: Any) -> None:
    row = upload(acme.instance)
    place = refusing(OSError)
    discard([row], now=NOW)
    assert storage().exists(row.file.name)
    place.error = None
    assert remove_leftovers(now=NOW) == 0
    assert remove_leftovers(now=NOW + timedelta(minutes=11)) == 1
    assert not storage().exists(row.file.name)


def test_who_is_killed_before_the_bytes_are_removed_leaves_a_note(acme: Rows, refusing: Any) -> None:
    row = upload(acme.instance)
    place = refusing(Killed)
    with pytest.raises(Killed):
        discard([row], now=NOW)
    assert not MediaFile.objects.filter(pk=row.pk).exists()
    place.error = None
    assert (remove_leftovers(now=NOW), remove_leftovers(now=NOW)) == (1, 0)
    assert not storage().exists(row.file.name)


@pytest.mark.parametrize(
    "beginning",
    [
        'DELETE FROM "media_mediafile"',
        ('INSERT INTO "media_leftover"', 'INSERT OR IGNORE INTO "media_leftover"'),
        'UPDATE "media_storageuse"',
    ],
)
def test_who_is_killed_before_the_commit_has_changed_nothing(beginning: Any, acme: Rows) -> None:
    row = upload(acme.instance)
    before = used(acme)
    with connection.execute_wrapper(DiesAt(beginning, 1)), pytest.raises(Killed):
        discard([row], now=NOW)
    assert stored(MediaFile.objects.get(pk=row.pk)) == PICTURE
    assert used(acme) == before


def in_threads(*acts: Callable[[], Any]) -> list[BaseException]:
    errors: list[BaseException] = []

    def work(act: Callable[[], Any]) -> None:
        try:
            act()
        except Exception as exc:  # noqa: BLE001 - handed to the test's own thread
            errors.append(exc)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


def test_a_file_that_is_stored_again_while_it_is_discarded_is_never_half_there(acme: Rows) -> None:
    """Whoever is first: the row that stays has its bytes."""
    for _ in range(4):
        row = upload(acme.instance)
        errors = in_threads(
            lambda row=row: discard([row], now=NOW),  # type: ignore[misc]
            lambda: upload(acme.instance, filename="again.jpg"),
            lambda: upload(acme.instance, filename="and again.jpg"),
        )
        assert errors == []
        rows = list(MediaFile.objects.filter(state="ready", strategy="upload"))
        assert [stored(one) for one in rows] == [PICTURE] * 2
        assert (len({one.file.name for one in rows}), used(acme)) == (1, (1, len(PICTURE)))
        discard(rows, now=NOW)
        assert (list(strays(None)), Leftover.objects.count(), used(acme)) == ([], 0, (0, 0))


def test_a_copy_of_a_file_that_is_discarded_is_whole_or_refused(acme: Rows) -> None:
    for _ in range(4):
        row = upload(acme.instance)
        errors = in_threads(
            lambda row=row: discard([row], now=NOW),  # type: ignore[misc]
            lambda row=row: copy(row, acme),  # type: ignore[misc]
        )
        assert all(isinstance(exc, NotStorable) for exc in errors)
        copies = list(MediaFile.objects.filter(state="ready", strategy="reuse"))
        assert [stored(one) for one in copies] == [PICTURE] * (1 - len(errors))
        discard(copies, now=NOW)


def test_two_who_discard_the_same_free_it_once(acme: Rows) -> None:
    rows = [upload(acme.instance, PICTURE + bytes([number])) for number in range(4)]
    freed: list[Freed] = []
    errors = in_threads(*[lambda: freed.append(discard(rows, now=NOW))] * 2)
    assert errors == []
    assert sum(one.files for one in freed) == 4
    assert (list(strays(None)), used(acme)) == ([], (0, 0))
