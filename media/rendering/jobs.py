"""What the process for foreign files is asked and answers: a line of JSON each."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

BARS = 64
LOUDEST = 100
MOST_SECONDS = 1e6
# These need ffmpeg.
BY_TOOL = ("frame", "m4a", "voice", "waveform")


class NotMade(Exception):
    """``again``: the file may be well, and another try worth it."""

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """``longest`` is the longest side of a picture; after ``seconds`` nobody waits any more."""

    way: str
    source: str
    target: str
    longest: int = 0
    tool: str = ""
    seconds: float = 120.0

    def line(self) -> str:
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def read(cls, line: str) -> "Job":
        return cls(**json.loads(line))


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What there is at ``target`` now, and what was learned of the source on the way."""

    width: int | None = None
    height: int | None = None
    source_width: int | None = None
    source_height: int | None = None
    pages: int | None = None
    seconds: float | None = None
    waveform: tuple[int, ...] = ()

    def line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


def refusal(error: NotMade) -> str:
    return json.dumps({"error": error.reason, "again": error.again}) + "\n"


def read_answer(line: str) -> Made:
    """Nothing in it is taken for granted: a file may have taken over the process that answers."""
    try:
        told = json.loads(line)
        if "error" in told:
            raise NotMade(_plain(str(told["error"])), again=told["again"] is True)
        return _made(told)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as exc:
        raise NotMade("no sensible answer") from exc


def _made(told: dict[str, Any]) -> Made:
    sizes = ("width", "height", "source_width", "source_height", "pages")
    seconds = None if told["seconds"] is None else float(told["seconds"])
    if seconds is not None and not 0 <= seconds < math.inf:
        raise ValueError(seconds)
    return Made(
        **{name: _count(told[name]) for name in sizes},
        seconds=None if seconds is None else min(seconds, MOST_SECONDS),
        waveform=tuple(min(max(int(level), 0), LOUDEST) for level in told["waveform"][:BARS]),
    )


def _plain(text: str) -> str:
    """Without what no database takes: decoders quote the files that they refuse."""
    return "".join(letter for letter in text if letter.isprintable())[:300]


def _count(value: Any) -> int | None:
    return None if value is None else min(max(int(value), 0), 2**31 - 1)
