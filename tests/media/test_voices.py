"""Recordings of browsers become voice notes: Opus in Ogg, one channel."""

import subprocess
from pathlib import Path

import psutil
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from media.rendering.finding import NAMED
from media.rendering.sounds import is_voice
from media.services import voices
from media.services.uploads import NotStorable
from media.services.voices import as_voice
from media.storage import incoming_folder
from tests.media.rendering import FFMPEG, PLAYLIST, amr
from tests.simulator.samples import bytes_of

pytestmark = pytest.mark.skipif(not FFMPEG, reason="there is no ffmpeg here")
OGG = bytes_of("voice-order.ogg")
FORMATS = {
    "webm": ("audio/webm;codecs=opus", ("-c:a", "copy")),
    "mp4": ("audio/mp4", ("-c:a", "aac", "-ac", "2")),
    "m4a": ("audio/x-m4a", ("-c:a", "aac")),
    "wav": ("audio/wav", ()),
}


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def recorded(form: str, folder: Path, *options: str) -> bytes:
    (folder / "from.ogg").write_bytes(OGG)
    target = folder / f"to.{form}"
    command = (FFMPEG, "-v", "error", "-y", "-i", folder / "from.ogg", *(options or FORMATS[form][1]), target)
    subprocess.run(command, check=True, capture_output=True)
    return target.read_bytes()


def upload(content: bytes, mimetype: str, name: str = "recording.bin") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, mimetype)


def refusal(content: bytes, mimetype: str) -> NotStorable:
    with pytest.raises(NotStorable) as refused:
        as_voice(upload(content, mimetype), mimetype)
    return refused.value


@pytest.mark.parametrize("form", FORMATS)
def test_a_recording_becomes_opus_in_ogg(form: str, tmp_path: Path) -> None:
    mimetype = FORMATS[form][0]
    voice = as_voice(upload(recorded(form, tmp_path), mimetype, f"note.{form}"), mimetype)
    assert is_voice(voice.read())
    assert (voice.name, voice.content_type) == ("note.ogg", "audio/ogg; codecs=opus")  # type: ignore[attr-defined]


def test_a_song_does_too() -> None:
    song = bytes_of("song.mp3")
    assert is_voice(as_voice(upload(song, "audio/mpeg"), "audio/mpeg").read())


def test_opus_keeps_its_packets_in_another_container(tmp_path: Path) -> None:
    webm = recorded("webm", tmp_path)
    voice = as_voice(upload(webm, "audio/webm"), "audio/webm").read()
    packet = OGG[-16:]
    assert packet in webm
    assert packet in voice


def test_two_channels_become_one(tmp_path: Path) -> None:
    stereo = recorded("webm", tmp_path, "-c:a", "libopus", "-ac", "2")
    assert is_voice(as_voice(upload(stereo, "audio/webm"), "audio/webm").read())


def test_the_same_recording_becomes_the_same_bytes(tmp_path: Path) -> None:
    for form in ("webm", "mp4"):
        content, mimetype = recorded(form, tmp_path), FORMATS[form][0]
        first, second = (as_voice(upload(content, mimetype), mimetype).read() for _ in range(2))
        assert first == second


@pytest.mark.parametrize(
    ("content", "mimetype"),
    [(OGG, "audio/ogg; codecs=opus"), (b"\xff\xd8\xff picture", "image/jpeg"), (amr(), "audio/amr")],
    ids=["ogg", "a picture", "amr"],
)
def test_what_is_no_recording_of_a_browser_stays_as_it_is(content: bytes, mimetype: str) -> None:
    given = upload(content, mimetype)
    assert as_voice(given, mimetype) is given
    assert given.read() == content


@pytest.mark.parametrize(
    "content",
    [b"\x1aE\xdf\xa3" + b"noise" * 99, b"\x1aE\xdf\xa3" + PLAYLIST, b"ID3\x03" + b"\0" * 999],
    ids=["noise", "a playlist", "silence of nothing"],
)
def test_a_broken_recording_is_refused(content: bytes) -> None:
    mimetype = "audio/mpeg" if content.startswith(b"ID3") else "audio/webm"
    assert refusal(content, mimetype).code == "wrong_type"


def test_a_recording_that_was_cut_is_kept_as_far_as_it_goes(tmp_path: Path) -> None:
    webm = recorded("webm", tmp_path)
    voice = as_voice(upload(webm[: len(webm) * 2 // 3], "audio/webm"), "audio/webm").read()
    assert is_voice(voice)
    assert 0 < len(voice) < len(OGG)


def test_without_ffmpeg_the_refusal_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    webm = recorded("webm", tmp_path)
    monkeypatch.setenv(NAMED, "/nowhere/ffmpeg")
    refused = refusal(webm, "audio/webm")
    assert (refused.code, "ffmpeg" in refused.detail) == ("wrong_type", True)
    assert as_voice(upload(OGG, "audio/ogg"), "audio/ogg").read() == OGG


def test_a_recording_that_is_too_large_is_not_opened() -> None:
    large = b"\x1aE\xdf\xa3" + bytes(voices.MOST_BYTES)
    assert refusal(large, "audio/webm").code == "too_large"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    webm = recorded("webm", tmp_path)
    as_voice(upload(webm, "audio/webm"), "audio/webm")
    refusal(b"\x1aE\xdf\xa3" + b"noise" * 99, "audio/webm")
    assert list(incoming_folder().iterdir()) == []
    assert not [child for child in psutil.Process().children() if "media.rendering" in child.cmdline()]


def test_the_time_for_one_is_limited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(voices, "SECONDS", 0.01)
    assert refusal(recorded("webm", tmp_path), "audio/webm").code == "wrong_type"
