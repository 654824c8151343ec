"""Recordings as browsers make them, turned into the voice notes that WhatsApp plays: Opus in Ogg, one channel."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from threading import BoundedSemaphore
from typing import Any

from django.core.files import File
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _

from accounts.providers.events import MediaKind
from media.partfile import HEAD
from media.rendering.finding import find_ffmpeg
from media.rendering.jobs import Job, NotMade
from media.rendering.sandbox import Sandbox
from media.services.making import work_folder
from media.services.uploads import NotStorable, type_of
from media.sniffing import bare

MIMETYPE = "audio/ogg; codecs=opus"
MOST_BYTES = 16 * 1024**2
SECONDS = 20.0
# Each takes a processor for itself, and there are other requests to answer.
AT_ONCE = 2
CONVERTED = frozenset(
    (
        *("audio/webm", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/3gpp", "audio/aac", "audio/x-aac"),
        *("audio/aacp", "audio/mpeg", "audio/mp3", "audio/wav", "audio/x-wav", "audio/wave"),
        *("audio/vnd.wave", "audio/x-matroska"),
    )
)
_free = BoundedSemaphore(AT_ONCE)


def as_voice(content: "File[Any]", mimetype: str) -> "File[Any]":
    """``content`` itself where it is no recording of another format. Raises NotStorable."""
    head = content.read(HEAD)
    content.seek(0)
    if bare(type_of(head, MediaKind.VOICE, mimetype)) not in CONVERTED:
        return content
    if content.size > MOST_BYTES:
        raise NotStorable("too_large", _("A recording has at most %d bytes.") % MOST_BYTES)
    ffmpeg = find_ffmpeg()
    if not ffmpeg:
        raise NotStorable(
            "wrong_type", _("Only Ogg is taken as a voice note: there is no ffmpeg here to convert it.")
        )
    with _turn():
        return _converted(content, ffmpeg)


@contextmanager
def _turn() -> Iterator[None]:
    if not _free.acquire(timeout=SECONDS):
        raise NotStorable("storage", _("Too many recordings are being converted now. Try again."))
    try:
        yield
    finally:
        _free.release()


def _converted(content: "File[Any]", ffmpeg: str) -> "File[Any]":
    sandbox = Sandbox()
    try:
        with work_folder() as folder:
            source, target = _brought(content, folder / "source"), folder / "target"
            sandbox.make(
                Job(way="voice", source=str(source), target=str(target), tool=ffmpeg, seconds=SECONDS)
            )
            made = _read(target)
    except NotMade as exc:
        raise NotStorable(
            "wrong_type", _("This recording cannot be made a voice note: %s.") % exc.reason
        ) from exc
    except OSError as exc:
        raise NotStorable("storage", _("There is no place to convert the recording now.")) from exc
    finally:
        sandbox.close()
    stem = PurePosixPath(content.name or "").stem or "voice"
    return SimpleUploadedFile(f"{stem}.ogg", made, MIMETYPE)


def _brought(content: "File[Any]", source: Path) -> Path:
    with source.open("wb") as copy:
        for piece in content.chunks():
            copy.write(piece)
    content.seek(0)
    return source


def _read(target: Path) -> bytes:
    if target.is_symlink() or not target.is_file() or target.stat().st_size > MOST_BYTES:
        raise NotMade("nothing of a sensible size came of it")
    return target.read_bytes()
