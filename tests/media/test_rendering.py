"""Pictures, pages, frames and sound out of good files, hostile ones and halves, in a process that may be killed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from media.rendering.finding import find_ffmpeg
from media.rendering.jobs import Job, Made, NotMade
from media.rendering.sandbox import Sandbox
from media.rendering.sounds import bars_of
from tests.media.rendering import (
    FFMPEG,
    PAGE,
    PLAYLIST,
    amr,
    frames,
    pdf,
    picture,
    png_claiming,
    png_with_endless_text,
    put,
    sideways,
    vast,
)
from tests.simulator.samples import bytes_of

RED, BLUE = (254, 0, 0), (0, 0, 254)
VOICE = bytes_of("voice-order.ogg")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture
def make(sandbox: Sandbox, tmp_path: Path) -> Any:
    def run(way: str, content: bytes, *, longest: int = 320, **facts: Any) -> tuple[Made, Path]:
        target = tmp_path / "target"
        facts = {"tool": FFMPEG, **facts}
        job = Job(way=way, source=str(put(tmp_path, content)), target=str(target), longest=longest, **facts)
        return sandbox.make(job), target

    return run


def refused(make: Any, way: str, content: bytes) -> NotMade:
    with pytest.raises(NotMade) as caught:
        make(way, content)
    assert str(caught.value).count("/") == 0, "no path of ours"
    return caught.value


def near(colour: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 24 for one, other in zip(colour[:3], wanted, strict=True))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_bounded_and_told_with_its_size(make: Any, form: str) -> None:
    made, target = make("picture", picture(1000, 500, form))
    with Image.open(target) as image:
        assert (image.format, image.size) == ("WEBP", (320, 160))
    assert (made.width, made.height, made.source_width, made.source_height) == (320, 160, 1000, 500)


def test_a_small_picture_is_not_blown_up(make: Any) -> None:
    assert make("picture", picture(40, 20))[0].width == 40


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA"])
def test_every_kind_of_png_becomes_a_picture(make: Any, mode: str) -> None:
    assert make("picture", picture(400, 400, "PNG", mode))[0].width == 320


def test_a_telephones_picture_stands_upright_and_tells_no_place(make: Any) -> None:
    made, target = make("picture", sideways())
    with Image.open(target) as image:
        assert image.size == (160, 320)
        assert near(image.getpixel((80, 20)), RED)
        assert near(image.getpixel((80, 300)), BLUE)
        assert not image.getexif()
    assert (made.source_width, made.source_height) == (200, 400)
    assert b"telephone" not in target.read_bytes()


def test_a_sticker_stays_transparent(make: Any) -> None:
    _, target = make("picture", bytes_of("smile.webp"))
    with Image.open(target) as image:
        assert image.getpixel((0, 0))[3] == 0


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_what_moves_the_first_frame_is_shown(make: Any, form: str) -> None:
    _, target = make("picture", frames(form))
    with Image.open(target) as image:
        assert not getattr(image, "is_animated", False)
        assert near(image.convert("RGB").getpixel((10, 10)), RED)


@pytest.mark.parametrize("size", [(50_000, 50_000), (12_000, 11_000), (2**31 - 1, 1)])
def test_a_picture_that_claims_to_be_huge_is_refused_unopened(make: Any, size: tuple[int, int]) -> None:
    error = refused(make, "picture", png_claiming(*size))
    assert not error.again
    assert "million pixels" in error.reason


def test_a_bomb_of_few_bytes_is_refused(make: Any) -> None:
    bomb = vast("PNG")
    assert len(bomb) < 100_000
    assert refused(make, "picture", bomb).reason == "more than 50 million pixels"


def test_a_large_jpeg_is_read_small(make: Any) -> None:
    assert make("picture", vast("JPEG", "L"))[0].source_width == 9000


def test_endless_text_in_a_picture_is_not_read(make: Any) -> None:
    assert "too large" in refused(make, "picture", png_with_endless_text()).reason


HALVES = [(name, bytes_of(name)[:-2000]) for name in ("cake.jpg", "receipt.png", "smile.webp")]
FOREIGN = [
    ("page", PAGE),
    ("nothing", b""),
    ("svg", b"<svg/>"),
    ("bmp", picture(9, 9, "BMP")),
    ("sound", VOICE),
]


@pytest.mark.parametrize(
    ("name", "content"), HALVES + FOREIGN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_no_whole_picture_is_refused_for_good(make: Any, name: str, content: bytes) -> None:
    error = refused(make, "picture", content)
    assert (error.again, error.reason[:15]) == (False, "cannot be read:")


def test_the_first_page_of_a_pdf_is_shown_and_its_pages_are_counted(make: Any) -> None:
    made, target = make("pdf", bytes_of("guide.pdf"))
    assert (made.pages, made.height) == (3, 320)
    with Image.open(target) as image:
        assert len(image.getcolors(320 * 320)) > 2


@pytest.mark.parametrize("size", [(1e7, 1e7), (1e9, 1), (3, 2)])
def test_a_page_of_any_size_gets_a_small_picture(make: Any, size: tuple[float, float]) -> None:
    made, _ = make("pdf", pdf(*size))
    assert max(made.width, made.height) == 320


@pytest.mark.parametrize("content", [PAGE, b"%PDF-1.7\n", bytes_of("guide.pdf")[:300], b""])
def test_what_is_no_whole_pdf_is_refused_for_good(make: Any, content: bytes) -> None:
    assert not refused(make, "pdf", content).again


def test_a_video_shows_a_frame(make: Any) -> None:
    made, target = make("frame", bytes_of("morning.mp4"))
    assert (made.width, made.height, made.source_width) == (320, 180, None)
    with Image.open(target) as image:
        assert len(image.convert("RGB").getcolors(320 * 180)) > 100


def test_a_3gp_video_shows_a_frame(make: Any, tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(bytes_of("morning.mp4"))
    command = (
        FFMPEG,
        "-loglevel",
        "error",
        "-i",
        "in.mp4",
        "-c:v",
        "h263",
        "-s",
        "352x288",
        "-an",
        "out.3gp",
    )
    subprocess.run(command, cwd=tmp_path, check=True)
    assert make("frame", (tmp_path / "out.3gp").read_bytes())[0].width == 320


@pytest.mark.parametrize(
    ("content", "seconds"), [(VOICE, 5), (amr(), 2), (bytes_of("song.mp3"), 6)], ids=["ogg", "amr", "mp3"]
)
def test_sound_becomes_an_m4a_and_a_waveform(make: Any, content: bytes, seconds: int) -> None:
    _, target = make("m4a", content)
    sound = target.read_bytes()
    assert sound[4:11] == b"ftypM4A"
    # The player can begin before it has all of it.
    assert sound.index(b"moov") < sound.index(b"mdat")
    made, _ = make("waveform", sound)
    assert round(made.seconds) == seconds
    assert (len(made.waveform), max(made.waveform)) == (64, 100)


@pytest.mark.parametrize("way", ["frame", "m4a", "waveform"])
@pytest.mark.parametrize(
    "content",
    [PAGE, PLAYLIST, b"", bytes_of("cake.jpg"), VOICE[:40]],
    ids=["page", "playlist", "nothing", "picture", "half"],
)
def test_ffmpeg_refuses_what_is_no_recording(make: Any, way: str, content: bytes) -> None:
    error = refused(make, way, content)
    assert (error.again, error.reason[:7]) == (False, "ffmpeg:")


def test_a_playlist_is_never_followed(make: Any) -> None:
    assert "whitelist" in refused(make, "m4a", PLAYLIST).reason


def test_a_half_of_a_voice_note_is_played_as_far_as_it_goes(make: Any) -> None:
    made, _ = make("waveform", VOICE[: len(VOICE) // 2])
    assert 1 < made.seconds < 5


def test_without_its_tool_a_later_try_may_do_better(make: Any) -> None:
    with pytest.raises(NotMade, match="ffmpeg does not start") as caught:
        make("m4a", VOICE, tool="/nowhere/ffmpeg")
    assert caught.value.again


def test_the_environment_names_another_ffmpeg_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert FFMPEG
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    assert find_ffmpeg() == ""
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", sys.executable)
    assert find_ffmpeg() == sys.executable


@pytest.mark.parametrize(
    ("peaks", "first", "last"), [([9], 3, 3), ([0] * 999, 0, 0), ([100, 30000] * 50, 1, 100)]
)
def test_bars_go_up_to_a_hundred_but_silence_stays_low(peaks: list[int], first: int, last: int) -> None:
    bars = bars_of(peaks)
    assert (len(bars), bars[0], max(bars)) == (64, pytest.approx(first, abs=1), last)
