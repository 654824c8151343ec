"""Files from our own side: whole or not at all, and never anything but what they are."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import WhatsappInstance
from accounts.providers.events import MediaKind
from media.models import FetchAttempt, MediaFile
from media.services.auditing import remove_stray, strays
from media.services.uploads import NotStorable, copy_of, store_upload
from media.storage import incoming_folder, storage
from tests.tenants import PICTURE, Rows, acme, make_media_file, make_ready, rival  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
NOW = timezone.now()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
OGG = b"OggS" + bytes(64)
WEBM = b"\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(64)
PDF = b"%PDF-1.7\n" + bytes(64)
PAGE = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PROGRAM = b"MZ\x90\x00" + bytes(64)


def upload(instance: WhatsappInstance, content: bytes | File = PICTURE, **facts: Any) -> MediaFile:
    given: dict[str, Any] = {
        "instance": instance,
        "chat_id": "5511900001234",
        "kind": MediaKind.IMAGE,
        "content": ContentFile(content) if isinstance(content, bytes) else content,
        "filename": "cake.jpg",
        "mimetype": "image/jpeg",
        "now": NOW,
    }
    return store_upload(**given | facts)


def stored(media_file: MediaFile) -> bytes:
    with media_file.file.open("rb") as content:
        return content.read()


def nothing_is_left() -> bool:
    parts = list(incoming_folder().iterdir()) if incoming_folder().is_dir() else []
    return not parts and not list(strays(None)) and not MediaFile.objects.filter(strategy="upload").exists()


def test_an_upload_is_ready_at_once(acme: Rows) -> None:
    row = upload(acme.instance)
    row.refresh_from_db()
    assert (row.state, row.strategy, row.mimetype) == ("ready", "upload", "image/jpeg")
    assert (row.size, row.sha256) == (len(PICTURE), hashlib.sha256(PICTURE).hexdigest())
    assert stored(row) == PICTURE
    assert row.file.name.endswith(f"/chats/5511900001234/image/{row.pk}_cake.jpg")
    assert row.ready_at == row.created_at == NOW


def test_an_upload_leaves_its_line_in_the_log_of_attempts(acme: Rows) -> None:
    attempt = FetchAttempt.objects.get(media_file=upload(acme.instance))
    assert (attempt.strategy, attempt.outcome, attempt.bytes) == ("upload", "ok", len(PICTURE))


def test_an_upload_leaves_no_part_file_and_no_stray(acme: Rows) -> None:
    upload(acme.instance)
    assert list(incoming_folder().iterdir()) == []
    assert list(strays(None)) == []


def test_two_uploads_of_one_name_do_not_meet(acme: Rows) -> None:
    first, second = upload(acme.instance), upload(acme.instance, PICTURE + b"x")
    assert (stored(first), stored(second)) == (PICTURE, PICTURE + b"x")


@pytest.mark.parametrize(
    ("kind", "content", "declared", "found"),
    [
        ("image", PNG, "image/jpeg", "image/png"),
        ("image", PNG, "", "image/png"),
        ("voice", OGG, "audio/ogg; codecs=opus", "audio/ogg"),
        ("voice", OGG, "application/ogg", "application/ogg"),
        ("voice", WEBM, "audio/webm;codecs=opus", "audio/webm"),
        ("audio", MP4, "application/octet-stream", "audio/mp4"),
        ("video", MP4, "", "video/mp4"),
        ("document", PDF, "application/octet-stream", "application/pdf"),
        ("document", PAGE, "text/html", "text/html"),
        ("document", b"a,b\n1,2\n", "text/csv", "text/csv"),
        ("document", PROGRAM, "application/pdf", "application/x-msdownload"),
        ("document", b"plain", "\x00\ud800", "application/octet-stream"),
    ],
)
def test_the_bytes_say_what_it_is(kind: str, content: bytes, declared: str, found: str, acme: Rows) -> None:
    assert upload(acme.instance, content, kind=MediaKind(kind), mimetype=declared).mimetype == found


@pytest.mark.parametrize("content", [PAGE, SVG, PROGRAM, PDF, b"#!/bin/sh\nrm -rf /\n", b"GI", MP4])
@pytest.mark.parametrize("declared", ["image/jpeg", "image/svg+xml", "text/html", ""])
def test_what_is_no_picture_is_not_taken_as_one(content: bytes, declared: str, acme: Rows) -> None:
    with pytest.raises(NotStorable) as refused:
        upload(acme.instance, content, mimetype=declared)
    assert refused.value.code == "wrong_type"
    assert nothing_is_left()


@pytest.mark.parametrize(
    ("kind", "content", "declared"),
    [
        ("video", PNG, "video/mp4"),
        ("voice", MP4, "video/mp4"),
        ("sticker", PDF, "image/webp"),
        ("document", PAGE, "image/png"),
        ("document", PROGRAM, "image/png"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_refused(
    kind: str, content: bytes, declared: str, acme: Rows
) -> None:
    with pytest.raises(NotStorable) as refused:
        upload(acme.instance, content, kind=MediaKind(kind), mimetype=declared)
    assert refused.value.code == "wrong_type"


def test_an_empty_file_is_refused(acme: Rows) -> None:
    with pytest.raises(NotStorable) as refused:
        upload(acme.instance, b"")
    assert (refused.value.code, nothing_is_left()) == ("empty", True)


def test_a_file_that_is_too_large_is_refused_before_it_is_all_read(acme: Rows, settings: Settings) -> None:
    settings.MEDIA_MAX_BYTES = 100_000

    class Endless(ContentFile):
        def chunks(self, chunk_size: int | None = None) -> Any:
            yield from (PICTURE for _ in range(98))
            pytest.fail("read on")

    with pytest.raises(NotStorable) as refused:
        upload(acme.instance, Endless(PICTURE))
    assert (refused.value.code, nothing_is_left()) == ("too_large", True)


def test_a_request_that_breaks_off_leaves_nothing(acme: Rows) -> None:
    class Broken(ContentFile):
        def chunks(self, chunk_size: int | None = None) -> Any:
            yield PICTURE
            raise ConnectionResetError

    with pytest.raises(NotStorable) as refused:
        upload(acme.instance, Broken(PICTURE))
    assert (refused.value.code, nothing_is_left()) == ("storage", True)


def test_a_storage_that_takes_nothing_leaves_nothing(acme: Rows) -> None:
    Path(storage().path("")).mkdir(parents=True)
    Path(storage().path(f"cliente_{acme.client.pk}")).write_text("in the way")
    with pytest.raises(NotStorable) as refused:
        upload(acme.instance)
    assert refused.value.code == "storage"
    assert list(incoming_folder().iterdir()) == []
    assert not MediaFile.objects.filter(state="ready").exists()


class Killed(BaseException):
    """As by a signal: nothing of ours gets to tidy up after it."""


class DiesAt:
    """At the given one of the statements that begin so."""

    def __init__(self, beginning: str, turn: int) -> None:
        self.beginning, self.turns = beginning, turn

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.turns -= sql.startswith(self.beginning)
        if not self.turns:
            raise Killed
        return execute(sql, params, many, context)


MOMENTS = {
    "before an id is set aside": ('INSERT INTO "media_mediafile"', 1, 0),
    "while an id is set aside": ('DELETE FROM "media_mediafile"', 1, 0),
    "before the row is written": ('INSERT INTO "media_mediafile"', 2, 1),
    "before the row's line is written": ('INSERT INTO "media_fetchattempt"', 1, 1),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("beginning", "turn", "left"), MOMENTS.values(), ids=MOMENTS)
def test_who_is_killed_leaves_no_row_at_all(beginning: str, turn: int, left: int, acme: Rows) -> None:
    before = set(MediaFile.objects.values_list("pk", flat=True))
    with connection.execute_wrapper(DiesAt(beginning, turn)), pytest.raises(Killed):
        upload(acme.instance)
    assert set(MediaFile.objects.values_list("pk", flat=True)) == before
    found = list(strays(None))
    assert len(found) == left
    assert all(remove_stray(stray, now=NOW + timedelta(days=2)) for stray in found)
    assert stored(upload(acme.instance)) == PICTURE
    assert list(strays(None)) == []


@pytest.mark.django_db(transaction=True)
def test_an_id_is_never_set_aside_twice(acme: Rows) -> None:
    with connection.execute_wrapper(DiesAt('INSERT INTO "media_mediafile"', 2)), pytest.raises(Killed):
        upload(acme.instance, filename="lost.jpg")
    (lost,) = strays(None)
    assert upload(acme.instance, filename="lost.jpg").file.name != lost.name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\cake.jpg", "cake.jpg"),
        ("a\x00b\r\n\u202e\ud83d.jpg", "ab.jpg"),
        ("", ""),
        ("x" * 999, "x" * 255),
    ],
)
def test_a_foreign_name_is_kept_as_a_name_only(sent: str, kept: str, acme: Rows) -> None:
    row = upload(acme.instance, filename=sent, chat_id="../" * 100)
    row.refresh_from_db()
    assert row.filename == kept
    assert stored(row) == PICTURE


def test_a_stored_file_is_sent_again_without_another_copy_of_it(acme: Rows) -> None:
    original = upload(acme.instance)
    copy = copy_of(original, instance=acme.instance, chat_id="5511900005678", now=NOW)
    assert copy.pk != original.pk
    assert (copy.state, copy.strategy, copy.file.name) == ("ready", "reuse", original.file.name)
    assert (copy.sha256, copy.size, copy.kind) == (original.sha256, original.size, original.kind)
    assert copy.fetch_attempts.get().reason == f"the same file as media file {original.pk}"


def test_a_copy_on_the_same_line_knows_where_its_file_came_from(acme: Rows) -> None:
    other_line = WhatsappInstance.objects.create(
        client=acme.client, name="Second", provider="cloud", instance_id="2"
    )
    original = make_ready(acme.instance, direct_path="/v/t62", thumbnail=b"\xff\xd8\xff", width=10)
    copies = [copy_of(original, instance=line, chat_id="c", now=NOW) for line in (acme.instance, other_line)]
    assert [copy.direct_path for copy in copies] == ["/v/t62", ""]
    assert [bool(copy.media_key) for copy in copies] == [True, False]
    assert [(bytes(copy.thumbnail), copy.width) for copy in copies] == [(b"\xff\xd8\xff", 10)] * 2


@pytest.mark.parametrize("state", ["pending", "fetching", "expired", "failed", "unavailable", "missing"])
def test_a_file_that_is_not_here_cannot_be_copied(state: str, acme: Rows) -> None:
    with pytest.raises(NotStorable) as refused:
        copy_of(make_media_file(acme.instance, state), instance=acme.instance, chat_id="c", now=NOW)
    assert refused.value.code == "not_ready"


def test_a_file_that_was_lost_cannot_be_copied(acme: Rows) -> None:
    lost = make_ready(acme.instance)
    storage().delete(lost.file.name)
    with pytest.raises(NotStorable) as refused:
        copy_of(lost, instance=acme.instance, chat_id="c", now=NOW)
    assert refused.value.code == "not_ready"


def test_another_clients_file_cannot_be_copied(acme: Rows, rival: Rows) -> None:
    with pytest.raises(NotStorable) as refused:
        copy_of(make_ready(rival.instance), instance=acme.instance, chat_id="c", now=NOW)
    assert refused.value.code == "not_ours"


def test_a_file_from_disk_is_read_in_pieces(acme: Rows, tmp_path: Path) -> None:
    large = PICTURE * 500
    (tmp_path / "large").write_bytes(large)
    with (tmp_path / "large").open("rb") as content:
        row = upload(acme.instance, File(content))
    assert (row.size, stored(row)) == (len(large), large)


def test_any_stored_file_can_be_copied_as_a_document_and_as_nothing_else(acme: Rows) -> None:
    original = make_ready(acme.instance, direct_path="/v/t62", width=10)
    chat = {"instance": acme.instance, "chat_id": "c", "now": NOW}
    copy = copy_of(original, **chat, kind=MediaKind.DOCUMENT)
    # Its kind is part of how it was encrypted, so its line could not bring it again as a document.
    assert (copy.kind, copy.file.name, copy.direct_path) == ("document", original.file.name, "")
    with pytest.raises(NotStorable) as refused:
        copy_of(original, **chat, kind=MediaKind.VIDEO)
    assert refused.value.code == "wrong_type"
