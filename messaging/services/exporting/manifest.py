"""The first page and the manifest: both tell of everything, so they are written piece by piece."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from messaging.services.exporting import drawing
from messaging.services.exporting.contents import Plan
from messaging.services.exporting.zipping import Entry

FORMAT, VERSION = "multichat-export", 1
Notes = Callable[[], Iterator[dict[str, Any]]]


def manifest_of(plan: Plan, notes: Notes, index: Entry) -> Iterator[bytes]:
    """Every entry but itself with its size and sum, and every file that is not there with the reason."""
    head = {"format": FORMAT, "version": VERSION, **plan.facts, "made_at": plan.made_at.isoformat()}
    yield json.dumps(head, indent=1, ensure_ascii=False)[:-2].encode("utf-8", "replace")
    told = ((one["path"], one["size"], one["sha256"]) for part in notes() for one in part["entries"])
    yield from _list(
        "entries", ({"path": p, "size": s, "sha256": h} for p, s, h in told), first=_shown(index)
    )
    yield from _list("absent", (one for part in notes() for one in part["absent"]))
    yield b"\n}\n"


def _shown(entry: Entry) -> dict[str, Any]:
    return {"path": entry.path, "size": entry.size, "sha256": entry.sha256}


def _list(
    name: str, rows: Iterator[dict[str, Any]], *, first: dict[str, Any] | None = None
) -> Iterator[bytes]:
    yield f',\n "{name}": ['.encode()
    comma = ""
    if first is not None:
        yield b"\n  " + json.dumps(first).encode()
        comma = ","
    for row in rows:
        yield f"{comma}\n  ".encode() + json.dumps(row).encode()
        comma = ","
    yield b"\n ]"


def overview_of(plan: Plan, notes: Notes) -> Iterator[bytes]:
    """The page that leads to each conversation."""
    before, after = drawing.overview(plan)
    yield before
    for part in notes():
        for thread in part["threads"]:
            yield drawing.overview_line(thread, language=plan.language)
    yield after
