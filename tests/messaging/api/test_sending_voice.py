"""Voice notes from a browser's microphone, and files that go as documents."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from media.models import MediaFile
from media.rendering.finding import NAMED
from messaging.models import Message, OutboxItem
from tests.media.rendering import FFMPEG
from tests.messaging.api.front import errors
from tests.simulator.samples import bytes_of
from tests.telling import make_cloud, stored_files
from tests.tenants import make_message, make_ready

with_ffmpeg = pytest.mark.skipif(not FFMPEG, reason="there is no ffmpeg here")


@pytest.fixture
def cloud(acme, thread):
    thread.instance, thread.last_inbound_at = make_cloud(acme.client), timezone.now()
    thread.save()
    return thread


@pytest.fixture
def webm(tmp_path: Path) -> bytes:
    (tmp_path / "from.ogg").write_bytes(bytes_of("voice-order.ogg"))
    command = (FFMPEG, "-v", "error", "-i", tmp_path / "from.ogg", "-c:a", "copy", tmp_path / "to.webm")
    subprocess.run(command, check=True, capture_output=True)
    return (tmp_path / "to.webm").read_bytes()


def recording(content: bytes, mimetype: str = "audio/webm;codecs=opus") -> SimpleUploadedFile:
    return SimpleUploadedFile("voice.webm", content, mimetype)


@with_ffmpeg
def test_a_recording_goes_as_a_voice_note(cloud, path, front, webm):
    shown = front("alice").upload(path, file=recording(webm), type="voice")
    assert (shown["type"], shown["status"]) == ("voice", "queued")
    assert (shown["media"]["mimetype"], shown["media"]["filename"]) == ("audio/ogg", "voice.ogg")
    with MediaFile.objects.get(pk=shown["media"]["id"]).file.open() as stored:
        assert stored.read().startswith(b"OggS")


@with_ffmpeg
def test_the_same_recording_under_the_same_key_is_sent_once(path, front, webm, media_root):
    first = front("alice").upload(path, key="v-1", file=recording(webm), type="voice")
    before = stored_files(media_root)
    again = front("alice").upload(path, 200, key="v-1", file=recording(webm), type="voice")
    assert (again["id"], OutboxItem.objects.count()) == (first["id"], 1)
    assert stored_files(media_root) == before


@with_ffmpeg
def test_a_recording_as_audio_is_the_providers_to_judge(cloud, path, front, webm):
    problem = front("alice").upload(path, 400, file=recording(webm), type="audio")
    assert errors(problem) == {"file": "wrong_type"}


@with_ffmpeg
def test_a_broken_recording_is_refused_and_not_kept(path, front, media_root):
    before = stored_files(media_root)
    broken = recording(b"\x1aE\xdf\xa3" + b"noise" * 99)
    problem = front("alice").upload(path, 400, file=broken, type="voice")
    assert errors(problem) == {"file": "wrong_type"}
    assert (stored_files(media_root), Message.objects.filter(type="voice").count()) == (before, 0)


def test_without_ffmpeg_the_sender_hears_why(path, front, monkeypatch):
    monkeypatch.setenv(NAMED, "/nowhere/ffmpeg")
    problem = front("alice").upload(path, 400, file=recording(b"\x1aE\xdf\xa3" + bytes(99)), type="voice")
    assert errors(problem) == {"file": "wrong_type"}
    assert "there is no ffmpeg here" in str(problem)


def test_a_note_that_is_one_already_needs_no_ffmpeg(cloud, path, front, monkeypatch):
    monkeypatch.setenv(NAMED, "/nowhere/ffmpeg")
    note = SimpleUploadedFile("voice.ogg", bytes_of("voice-order.ogg"), "audio/ogg; codecs=opus")
    stored = front("alice").upload(path, file=note, type="voice")["media"]
    assert stored["size"] == len(bytes_of("voice-order.ogg"))


def test_a_viewer_makes_nobody_convert_anything(path, front):
    front("bob").upload(path, 403, file=recording(b"\x1aE\xdf\xa3" + bytes(99)), type="voice")


def test_a_stored_picture_goes_as_a_document(acme, cloud, path, front):
    picture = make_ready(acme.instance, filename="menu.jpg")
    shown = front("alice").post(path, {"media_file": picture.pk, "type": "document", "text": "Menu"}, 201)
    assert (shown["type"], shown["media"]["kind"], shown["media"]["filename"]) == (
        *("document", "document"),
        "menu.jpg",
    )
    assert shown["media"]["id"] != picture.pk
    picture.refresh_from_db()
    assert (picture.kind, MediaFile.objects.get(pk=shown["media"]["id"]).file.name) == (
        "image",
        picture.file.name,
    )


def test_a_message_s_own_video_goes_on_as_a_document(acme, thread, path, front):
    video = make_ready(acme.instance, kind="video", mimetype="video/mp4")
    make_message(thread, type="video", media=video)
    shown = front("alice").post(path, {"media_file": video.pk, "type": "document"}, 201)
    assert (shown["media"]["kind"], bool(MediaFile.objects.get(pk=shown["media"]["id"]).media_key)) == (
        "document",
        False,
    )


def test_a_picture_goes_as_nothing_else(acme, path, front):
    picture = make_ready(acme.instance)
    problem = front("alice").post(path, {"media_file": picture.pk, "type": "video"}, 400)
    assert errors(problem) == {"type": "wrong_type"}


def test_the_same_document_under_the_same_key_is_one(acme, path, front):
    wish: dict[str, Any] = {"media_file": make_ready(acme.instance).pk, "type": "document"}
    first = front("alice").post(path, wish, 201, **{"Idempotency-Key": "d-1"})
    assert front("alice").post(path, wish, 200, **{"Idempotency-Key": "d-1"})["id"] == first["id"]
