"""What a diagnosis says."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """``about`` names the thing; ``advice`` says what to do, and stands wherever the level is not ok."""

    level: Level
    about: str
    text: str
    advice: str = ""


def ok(about: str, text: str) -> Finding:
    return Finding(level=Level.OK, about=about, text=text)


def warn(about: str, text: str, advice: str) -> Finding:
    return Finding(level=Level.WARN, about=about, text=text, advice=advice)


def problem(about: str, text: str, advice: str) -> Finding:
    return Finding(level=Level.PROBLEM, about=about, text=text, advice=advice)
