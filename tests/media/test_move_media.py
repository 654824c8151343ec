"""Files go from one place to the other while everybody goes on; a kill in the middle loses and doubles nothing."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from media.models import MediaFile, Rendition
from media.s3.storage import S3MediaStorage
from media.services.discarding import discard
from media.services.moving import Item, Outcome, items, move
from media.storage import places, storage
from media.twofold import TwofoldStorage
from multichat.storages import ON_DISK
from tests.media.bucket import Bucket, Front, bucket, front, moto, use  # noqa: F401
from tests.media.test_uploads import Killed, stored, upload
from tests.telling import stored_files
from tests.tenants import PICTURE, Rows, acme  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
NOW = timezone.now()


@pytest.fixture
def rows(acme: Rows) -> list[MediaFile]:
    """Three files, one of them shared, and a rendition, on the disk."""
    made = [upload(acme.instance, PICTURE + bytes([number])) for number in (1, 2, 2, 3)]
    Rendition.objects.filter(media_file=made[0]).delete()
    name = storage().save("cliente_1/renditions/t.webp", ContentFile(b"picture"))
    facts = {"state": "ready", "kind": "thumbnail", "file": name, "size": 7}
    Rendition.objects.create(instance=acme.instance, media_file=made[0], **facts)
    return made


def to_bucket(settings: Settings, described: dict[str, Any]) -> None:
    settings.MEDIA_STORAGE, settings.MEDIA_STORAGE_ALSO = "s3", "file"
    use(
        settings,
        {"BACKEND": "media.twofold.TwofoldStorage", "OPTIONS": {"first": described, "second": ON_DISK}},
    )


def to_disk(settings: Settings, described: dict[str, Any]) -> None:
    settings.MEDIA_STORAGE, settings.MEDIA_STORAGE_ALSO = "file", "s3"
    use(
        settings,
        {"BACKEND": "media.twofold.TwofoldStorage", "OPTIONS": {"first": ON_DISK, "second": described}},
    )


def run(*args: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("move_media", *args, stdout=out, stderr=out)
    except SystemExit as exc:
        return out.getvalue(), int(str(exc.code))
    return out.getvalue(), 0


def ready() -> list[bytes]:
    return [stored(row) for row in MediaFile.objects.filter(strategy__in=("upload", "reuse")).order_by("pk")]


CONTENTS = [PICTURE + bytes([number]) for number in (1, 2, 2, 3)]


def test_everything_goes_to_the_bucket_and_back(
    rows: list[MediaFile], bucket: Bucket, settings: Settings, media_root: Path
) -> None:
    before = stored_files(media_root)
    to_bucket(settings, bucket.described())
    assert run("--to", "s3", "--dry-run")[0].startswith(f"{len(before)} files would be moved")
    text, code = run("--to", "s3")
    assert (code, stored_files(media_root)) == (0, [])
    assert sorted(bucket.names()) == sorted(f"hub/{name}" for name in before)
    assert ready() == CONTENTS
    to_disk(settings, bucket.described())
    assert run("--to", "file")[1] == 0
    assert (sorted(stored_files(media_root)), bucket.names()) == (sorted(before), [])
    assert ready() == CONTENTS


def test_a_second_run_finds_nothing_to_do(rows: list[MediaFile], bucket: Bucket, settings: Settings) -> None:
    to_bucket(settings, bucket.described())
    run("--to", "s3")
    assert run("--to", "s3")[0].startswith("0 files moved")


def test_kept_sources_stay(
    rows: list[MediaFile], bucket: Bucket, settings: Settings, media_root: Path
) -> None:
    before = stored_files(media_root)
    to_bucket(settings, bucket.described())
    run("--to", "s3", "--keep")
    assert (stored_files(media_root), len(bucket.names())) == (before, len(before))


def test_a_limit_is_kept_and_the_rest_is_found_where_it_was(
    rows: list[MediaFile], bucket: Bucket, settings: Settings
) -> None:
    to_bucket(settings, bucket.described())
    run("--to", "s3", "--limit", "2")
    assert len(bucket.names()) == 2
    assert ready() == CONTENTS


class Dies:
    """A place that does so many things before its process is killed."""

    def __init__(self, real: Any, method: str, turns: int) -> None:
        self._real, self._method, self._turns = real, method, turns

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name != self._method:
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._turns -= 1
            if self._turns < 0:
                raise Killed
            return found(*args, **kwargs)

        return counted


@pytest.mark.parametrize("method", ["save", "open", "exists"])
@pytest.mark.parametrize("turns", [0, 2])
def test_killed_and_begun_again_it_loses_and_doubles_nothing(
    method: str,
    turns: int,
    rows: list[MediaFile],
    bucket: Bucket,
    settings: Settings,
    media_root: Path,
) -> None:
    before = stored_files(media_root)
    to_bucket(settings, bucket.described())
    both = storage()
    real = both.first  # type: ignore[attr-defined]
    both.first = Dies(real, method, turns)  # type: ignore[attr-defined]
    with pytest.raises(Killed):
        run("--to", "s3")
    both.first = real  # type: ignore[attr-defined]
    assert ready() == CONTENTS
    assert run("--to", "s3")[1] == 0
    assert [name for name in stored_files(media_root) if not name.endswith(".part")] == []
    assert sorted(bucket.names()) == sorted(f"hub/{name}" for name in before)
    assert ready() == CONTENTS


def the_item(row: MediaFile) -> Item:
    return next(item for item in items() if item.held.name == row.file.name)


def test_what_was_discarded_while_it_was_copied_leaves_no_copy(
    rows: list[MediaFile], bucket: Bucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_bucket(settings, bucket.described())
    item, first = the_item(rows[0]), places()[0]

    def saved(name: str, content: Any, max_length: int | None = None) -> str:
        """The row goes at the worst moment: the source is read, the copy is not there yet."""
        discard([rows[0]], now=NOW)
        return S3MediaStorage.save(first, name, content, max_length)

    monkeypatch.setattr(first, "save", saved)
    assert move(item, keep_source=False).outcome == Outcome.UNWANTED
    assert not storage().exists(rows[0].file.name)


def test_a_source_that_went_bad_is_told_and_left(
    rows: list[MediaFile], bucket: Bucket, settings: Settings, media_root: Path
) -> None:
    (media_root / rows[0].file.name).write_bytes(b"other")
    to_bucket(settings, bucket.described())
    text, code = run("--to", "s3")
    assert (code, f"the SHA-256 of {rows[0].file.name} is wrong" in text) == (1, True)
    assert (media_root / rows[0].file.name).exists()
    assert f"hub/{rows[0].file.name}" not in bucket.names()


def test_a_store_that_refuses_leaves_everything_where_it_was(
    rows: list[MediaFile], bucket: Bucket, front: Front, settings: Settings, media_root: Path
) -> None:
    before = stored_files(media_root)
    to_bucket(settings, bucket.described(endpoint_url=front.address))
    front.refuse("PUT", 503, "SlowDown", times=99)
    text, code = run("--to", "s3")
    assert (code, "SlowDown" in text, stored_files(media_root)) == (1, True, before)


def test_new_files_go_to_the_new_place_meanwhile(acme: Rows, bucket: Bucket, settings: Settings) -> None:
    to_bucket(settings, bucket.described())
    row = upload(acme.instance)
    assert f"hub/{row.file.name}" in bucket.names()
    assert stored(row) == PICTURE
    discard([row], now=NOW)
    assert f"hub/{row.file.name}" not in bucket.names()


def test_it_moves_only_to_the_place_that_the_settings_name(settings: Settings) -> None:
    with pytest.raises(CommandError, match="MEDIA_STORAGE=s3 and MEDIA_STORAGE_ALSO=file"):
        call_command("move_media", "--to", "s3")


def test_a_twofold_place_lists_both(bucket: Bucket) -> None:
    both = TwofoldStorage(first=bucket.described(), second=ON_DISK)
    both.first.save("a/1", ContentFile(b"x"))
    both.second.save("a/2", ContentFile(b"x"))
    assert sorted(both.listdir("a")[1]) == ["1", "2"]
    assert (both.size("a/1"), both.size("a/2"), both.exists("a/3")) == (1, 1, False)
    both.delete("a/1")
    both.delete("a/2")
    assert not any(both.exists(name) for name in ("a/1", "a/2"))
