"""Sound for players that do not know its format, and how loud it is from moment to moment."""

import sys
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from media.rendering import tool
from media.rendering.jobs import BARS, LOUDEST, Job, Made, NotMade

M4A = (
    *("-map", "0:a:0", "-vn", "-ac", "1", "-ar", "48000", "-c:a", "aac", "-b:a", "64k"),
    *("-movflags", "+faststart", "-f", "ipod"),
)
# As WhatsApp's own apps record: Opus in Ogg, one channel. What is that already is only put into another container.
VOICE_STREAM = ("-map", "0:a:0", "-vn")
VOICE_COPY = (*VOICE_STREAM, "-c:a", "copy", "-f", "ogg")
VOICE = (
    *(*VOICE_STREAM, "-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "32k"),
    *("-application", "voip", "-f", "ogg"),
)
# The first packet stands behind the page's own 28 bytes, and the number of channels behind its name and version.
OPUS_HEAD, HEAD_AT, CHANNELS_AT = b"OpusHead", 28, 37
RATE = 8000
SAMPLES = ("-map", "0:a:0", "-vn", "-ac", "1", "-ar", str(RATE), "-f", f"s16{sys.byteorder[0]}e", "pipe:1")
# A hundredth of a second.
BLOCK = RATE // 100
LONGEST_SECONDS = 6 * 3600
# Below this there is only noise, and it stays as low as it is.
QUIETEST_PEAK = 330


def make_m4a(job: Job) -> Made:
    tool.run(job, *M4A, Path(job.target).name)
    return Made()


def make_voice(job: Job) -> Made:
    target = Path(job.target)
    try:
        tool.run(job, *VOICE_COPY, target.name)
    except NotMade:
        # Another codec than Ogg holds, or nothing that can be read, which the second try tells.
        pass
    else:
        if is_voice(_head(target)):
            return Made()
    tool.run(job, *VOICE, target.name)
    if not is_voice(_head(target)):
        raise NotMade("no sound in it")
    return Made()


def is_voice(head: bytes) -> bool:
    return head[HEAD_AT:].startswith(OPUS_HEAD) and head[CHANNELS_AT : CHANNELS_AT + 1] == b"\x01"


def _head(target: Path) -> bytes:
    with target.open("rb") as made:
        return made.read(CHANNELS_AT + 1)


def make_waveform(job: Job) -> Made:
    with tool.streamed(job, *SAMPLES, first_seconds=LONGEST_SECONDS) as samples:
        peaks = array("H", _peaks(samples))
    if not peaks:
        raise NotMade("no sound in it")
    return Made(waveform=bars_of(peaks), seconds=len(peaks) * BLOCK / RATE)


def bars_of(peaks: Sequence[int]) -> tuple[int, ...]:
    """As WhatsApp draws them: the loudest is 100, whatever the microphone was."""
    count = len(peaks)
    cuts = [n * count // BARS for n in range(BARS + 1)]
    slices = [peaks[start : max(end, start + 1)] for start, end in zip(cuts, cuts[1:], strict=False)]
    loud = [sum(part) / len(part) for part in slices]
    most = max(*loud, QUIETEST_PEAK)
    return tuple(round(LOUDEST * level / most) for level in loud)


def _peaks(samples: IO[bytes]) -> Iterator[int]:
    while piece := samples.read(2 * BLOCK):
        block = array("h", piece[: len(piece) // 2 * 2])
        yield max(max(block), -min(block)) if block else 0
