"""What an older version stored twice becomes one, and nothing that differs does."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from media.models import Leftover, MediaFile, StorageUse
from media.services import recounting
from media.services.auditing import strays
from media.storage import path_for, storage
from tests.media.test_sharing import used
from tests.media.test_uploads import DiesAt, Killed, stored, upload
from tests.telling import stored_files
from tests.tenants import PICTURE, Rows, acme, rival  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = pytest.mark.django_db(transaction=True)


def twice(rows: Rows, count: int = 2, content: bytes = PICTURE) -> list[MediaFile]:
    """As it was before files were shared: every row has bytes of its own."""
    made = [upload(rows.instance, content) for _ in range(count)]
    for row in made[1:]:
        path = Path(storage().path(path_for(row, ".jpg")))
        path.write_bytes(content)
        MediaFile.objects.filter(pk=row.pk).update(file=path_for(row, ".jpg"))
    recounting.put_right(rows.client.pk)
    assert used(rows) == (count, count * len(content))
    return [MediaFile.objects.get(pk=row.pk) for row in made]


def run(*args: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("dedupe_media", *args, stdout=out, stderr=out)
    except SystemExit as exc:
        return out.getvalue(), int(str(exc.code))
    return out.getvalue(), 0


def test_two_of_the_same_become_one(acme: Rows, media_root: Path) -> None:
    rows = twice(acme, 3)
    before = len(stored_files(media_root))
    text, code = run()
    assert (text.startswith("1 files stored more than once: 2 removed"), code) == (True, 0)
    assert len(stored_files(media_root)) == before - 2
    assert used(acme) == (1, len(PICTURE))
    assert [stored(MediaFile.objects.get(pk=row.pk)) for row in rows] == [PICTURE] * 3
    assert run()[0].startswith("0 files")


def test_a_dry_run_changes_nothing(acme: Rows, media_root: Path) -> None:
    twice(acme)
    before = stored_files(media_root)
    assert "1 would be removed" in run("--dry-run")[0]
    assert stored_files(media_root) == before


def test_files_of_two_clients_stay_two(acme: Rows, rival: Rows) -> None:
    upload(acme.instance)
    upload(rival.instance)
    assert run()[0].startswith("0 files")


def test_the_one_that_is_whole_is_kept(acme: Rows) -> None:
    first, second = twice(acme)
    Path(storage().path(first.file.name)).write_bytes(b"x" * len(PICTURE))
    assert run()[1] == 0
    first.refresh_from_db()
    assert (first.file.name, stored(first)) == (second.file.name, PICTURE)


def test_where_none_is_whole_nothing_is_done(acme: Rows) -> None:
    rows = twice(acme)
    for row in rows:
        Path(storage().path(row.file.name)).write_bytes(b"x")
    text, code = run()
    assert (code, "no whole file" in text) == (1, True)
    assert len({row.file.name for row in MediaFile.objects.filter(pk__in=[row.pk for row in rows])}) == 2


def test_killed_and_begun_again_it_goes_on(acme: Rows) -> None:
    rows = twice(acme)
    with connection.execute_wrapper(DiesAt('UPDATE "media_storageuse"', 1)), pytest.raises(Killed):
        run()
    assert [stored(MediaFile.objects.get(pk=row.pk)) for row in rows] == [PICTURE] * 2
    run()
    assert (used(acme), list(strays(None)), Leftover.objects.count()) == ((1, len(PICTURE)), [], 0)


def test_an_audit_counts_anew_what_was_counted_wrong(acme: Rows) -> None:
    upload(acme.instance)
    MediaFile.objects.exclude(strategy="upload").filter(state="ready").delete()
    StorageUse.objects.update(files=7, bytes=7)
    out = io.StringIO()
    call_command("audit_media", "--quick", stdout=out)
    assert "counted 7 files" in out.getvalue()
    call_command("audit_media", "--quick", "--fix", stdout=out)
    assert used(acme) == (1, len(PICTURE))
