"""The committed sample files and what their manifest says of them."""

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sender declares of a file besides its bytes."""

    kind: str
    mimetype: str
    filename: str = ""
    seconds: int = 0
    width: int = 0
    height: int = 0
    pages: int = 0
    animated: bool = False
    waveform: bytes = b""
    thumbnail: bytes = b""


@cache
def manifest() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    return found


def names(kind: str = "") -> list[str]:
    return [name for name, facts in manifest().items() if kind in ("", facts["kind"])]


def facts_of(name: str) -> Facts:
    declared = dict(manifest()[name])
    for binary in ("waveform", "thumbnail"):
        declared[binary] = base64.b64decode(declared.get(binary, ""))
    return Facts(**declared)


@cache
def bytes_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
