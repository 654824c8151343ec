"""How ffmpeg is let near a foreign file."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO

from media.rendering.jobs import Job, NotMade

PART_OF_FFMPEG = re.compile(r"^(\[[^]]*\]\s*)+")
SECONDS = 90
MOST_PIXELS = 50_000_000
MOST_BYTES_AT_ONCE = 512 * 1024**2
# Playlists are not among them: they name further files, which ffmpeg would open.
CONTAINERS = "mov,matroska,webm,ogg,amr,mp3,aac,wav,flac,avi"
QUIET = ("-nostdin", "-hide_banner", "-loglevel", "error", "-y")
GUARDED = (
    *("-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS),
    *("-max_alloc", str(MOST_BYTES_AT_ONCE), "-max_pixels", str(MOST_PIXELS), "-threads", "1"),
)
# Nothing but the one stream, and none of what the sender's device wrote beside it.
PLAIN = ("-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-threads", "1")


def run(job: Job, *output: str, first_seconds: float = 0) -> None:
    with _started(job, output, first_seconds):
        pass


@contextmanager
def streamed(job: Job, *output: str, first_seconds: float = 0) -> Iterator[IO[bytes]]:
    """What ffmpeg writes to pipe:1, as it comes."""
    with _started(job, output, first_seconds) as process:
        assert process.stdout is not None
        yield process.stdout


@contextmanager
def _started(job: Job, output: tuple[str, ...], first_seconds: float) -> "Iterator[subprocess.Popen[bytes]]":
    part = ("-t", str(first_seconds)) if first_seconds else ()
    # By its bare name, so that no path of ours is in what ffmpeg says.
    source = Path(job.source)
    command = (job.tool, *QUIET, *GUARDED, *part, "-i", f"file:{source.name}", *PLAIN, *output)
    with TemporaryFile(dir=source.parent) as said, _process(command, source.parent, said) as process:
        timer = Timer(SECONDS, process.kill)
        timer.start()
        try:
            yield process
            process.wait()
        finally:
            process.kill()
            timer.cancel()
        _judge(process.returncode, said)


def _process(command: tuple[str, ...], folder: Path, said: IO[bytes]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        )
    except OSError as exc:
        raise NotMade(f"ffmpeg does not start: {exc.strerror}", again=True) from exc


def _judge(status: int, said: IO[bytes]) -> None:
    if status < 0:
        raise NotMade(f"ffmpeg was ended by signal {-status}", again=True)
    if status:
        raise NotMade(f"ffmpeg: {_first_words(said) or f'exit code {status}'}")


def _first_words(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read(8192).decode(errors="replace").strip().splitlines()
    return PART_OF_FFMPEG.sub("", lines[0])[:200] if lines else ""
