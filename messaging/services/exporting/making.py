"""Writing a part down and putting it into the storage. Done by threads: nothing here asks the database."""

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any

import structlog
from django.core.files.base import ContentFile
from rest_framework.utils.encoders import JSONEncoder

from accounts.providers.reasons import one_line
from media.storage import incoming_folder, keep, storage
from messaging.services.exporting import drawing
from messaging.services.exporting.contents import Absent, Page, Plan, Stored, notes_name, part_name
from messaging.services.exporting.manifest import manifest_of, overview_of
from messaging.services.exporting.zipping import Entry, Part

log = structlog.get_logger(__name__)

CHUNK = 1 << 20


@dataclass(slots=True)
class Result:
    """Without ``error`` the part lies in the storage. ``bug`` says that trying again will not help."""

    plan: Plan
    size: int = 0
    messages: int = 0
    files: int = 0
    absent: list[Absent] = field(default_factory=list)
    error: str = ""
    bug: bool = False


def make(plan: Plan) -> Result:
    result = Result(plan)
    try:
        _make(plan, result)
    except OSError as exc:
        result.error = one_line(f"{type(exc).__name__}: {exc.strerror or exc}")
    except Exception as exc:  # noqa: BLE001 - the boundary of a thread, and every storage has its own errors
        log.exception("part of an export not made", export=plan.export)
        result.error, result.bug = one_line(type(exc).__name__), True
    return result


def _make(plan: Plan, result: Result) -> None:
    folder = incoming_folder()
    folder.mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "w+b") as target:
            _write(plan, target, result)
            target.flush()
            os.fsync(target.fileno())
            result.size = target.tell()
        _kept(Path(path), part_name(plan.folder, plan.number, plan.mark))
    finally:
        Path(path).unlink(missing_ok=True)


def _kept(path: Path, name: str) -> None:
    if (stored := keep(path, name)) != name:
        raise FileExistsError(f"the storage called {name} {stored}")


def _write(plan: Plan, target: IO[bytes], result: Result) -> None:
    part = Part(target, plan.place, plan.made_at)
    if plan.is_last:
        _write_ending(plan, part)
        return
    if plan.number == 1:
        part.add("style.css", [drawing.style()])
    if plan.people:
        part.add(f"contacts-{plan.people_page:04}.json", [_json({"contacts": plan.people})])
    if plan.reactions:
        part.add(f"reactions-{plan.reactions_page:04}.json", [_json({"reactions": plan.reactions})])
    for page in plan.pages:
        _write_page(plan, page, part, result)
    _leave_notes(plan, part.entries, result)


def _write_page(plan: Plan, page: Page, part: Part, result: Result) -> None:
    """The files first: the page then knows which of them are not there."""
    for stored in page.files:
        _write_file(page, stored, part, result)
    result.absent += page.absent
    result.messages += len(page.messages)
    if page.conversation is not None:
        part.add(f"{page.folder}/conversation.json", [_json(page.conversation)])
    facts = {"conversation": int(page.folder.split("/")[1].partition("-")[0]), "page": page.number}
    part.add(f"{page.folder}/messages-{page.number:04}.json", [_json(facts | {"messages": page.messages})])
    html = drawing.page(page, language=plan.language)
    part.add(f"{page.folder}/{drawing.page_name(page.number)}", [html])


def _write_file(page: Page, stored: Stored, part: Part, result: Result) -> None:
    try:
        with storage().open(stored.name, "rb") as content:
            chunks: Iterator[bytes] = content.chunks(CHUNK)
            part.add(f"{page.folder}/{stored.path}", chunks, expected=stored.size, squeeze=False)
    except (FileNotFoundError, OverflowError) as exc:
        reason = (
            "the file is not in the storage" if isinstance(exc, FileNotFoundError) else one_line(str(exc))
        )
        page.absent.append(Absent(media=stored.media, message=stored.message, state="missing", reason=reason))
        for message in page.messages:
            if message["id"] == stored.message:
                message["media"] |= {"file": None, "state": "missing", "error": reason}
    else:
        result.files += 1


def _leave_notes(plan: Plan, entries: list[Entry], result: Result) -> None:
    threads = [
        {"folder": page.folder, "title": page.title, "kind": page.kind, "messages": page.seen}
        for page in plan.pages
        if page.is_last
    ]
    notes = {
        "entries": [entry.told() for entry in entries],
        "absent": [asdict(one) for one in result.absent],
        "threads": threads,
    }
    storage().save(notes_name(plan.folder, plan.number, plan.mark), ContentFile(json.dumps(notes).encode()))


def notes_of(plan: Plan) -> Iterator[dict[str, Any]]:
    """What is in the parts before this one, one part at a time."""
    for number, mark in enumerate(plan.before, start=1):
        with storage().open(notes_name(plan.folder, number, mark), "rb") as content:
            yield json.loads(content.read())


def _write_ending(plan: Plan, part: Part) -> None:
    part.add("index.html", overview_of(plan, lambda: notes_of(plan)))
    part.add("manifest.json", manifest_of(plan, lambda: notes_of(plan), part.entries[0]))
    before = (Entry(**told) for notes in notes_of(plan) for told in notes["entries"])
    part.close(chain(before, part.entries))


def _json(value: Any) -> bytes:
    return json.dumps(value, cls=JSONEncoder, ensure_ascii=False, indent=1).encode("utf-8", "replace")
