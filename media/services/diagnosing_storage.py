"""Where files are to lie: whether there is room, may be written, and whether what was stored is there; and ffmpeg."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

from accounts.diagnosing.findings import Finding, ok, problem, warn
from accounts.diagnosing.instances import label
from accounts.models import WhatsappInstance
from media.rendering.finding import find_ffmpeg
from media.storage import folder_of, storage

MOST_FILES = 2000
LITTLE, NEXT_TO_NOTHING = 2 * 1024**3, 200 * 1024**2
ABOUT = "MEDIA_ROOT"
NO_FFMPEG = "There is none: voice notes do not play in Safari, and videos have no picture."
FFMPEG_ADVICE = "Install the system's ffmpeg and restart the worker; what was left out is made then."


def facts() -> dict[str, Any]:
    return {**_place(), "ffmpeg": find_ffmpeg()}


def _place() -> dict[str, Any]:
    root = _root()
    if root is None:
        return {"storage": storage().__class__.__name__}
    there = _nearest(root)
    return {
        "storage": storage().__class__.__name__,
        "media_root": str(root),
        "exists": root.is_dir(),
        "writable": there.is_dir() and os.access(there, os.W_OK | os.X_OK),
        "bytes_free": shutil.disk_usage(there).free,
    }


def findings(told: dict[str, Any]) -> Iterator[Finding]:
    yield from _place_findings(told)
    if told["ffmpeg"]:
        yield ok("ffmpeg", told["ffmpeg"])
    else:
        yield warn("ffmpeg", NO_FFMPEG, FFMPEG_ADVICE)


def _place_findings(told: dict[str, Any]) -> Iterator[Finding]:
    if "media_root" not in told:
        yield ok(ABOUT, f"files go to {told['storage']}")
        return
    free = f"{told['bytes_free'] / 1024**3:.1f} GiB free"
    if not told["writable"]:
        advice = "Give the account of the worker the right to write there, or set another MEDIA_ROOT in .env."
        yield problem(ABOUT, f"{told['media_root']} cannot be written to.", advice)
    elif told["bytes_free"] < NEXT_TO_NOTHING:
        yield problem(ABOUT, f"{free}: files can no longer be stored.", "Make room on that disk.")
    elif told["bytes_free"] < LITTLE:
        yield warn(ABOUT, f"{free}: the largest file would not fit.", "Make room on that disk.")
    else:
        later = "" if told["exists"] else " (is made with the first file)"
        yield ok(ABOUT, f"{told['media_root']}{later}, {free}")


def folder_facts(instance: WhatsappInstance) -> dict[str, Any]:
    """``files`` stops counting at ``counted_to``; None where the storage has no folders."""
    name = folder_of(instance)
    place = storage()
    files = _count(Path(place.path(name))) if isinstance(place, FileSystemStorage) else None
    return {"folder": name, "files": files, "counted_to": MOST_FILES}


def folder_findings(instance: WhatsappInstance, folder: dict[str, Any], ready: int) -> Iterator[Finding]:
    if folder["files"] == 0 and ready:
        text = f"Files recorded as stored: {ready}; but {folder['folder']} is empty."
        advice = (
            "If MEDIA_ROOT was moved or a disk is not mounted, put it back. Else run `manage.py audit_media --fix`,"
            f" then `manage.py redownload_media --instance {instance.instance_id} --state missing`."
        )
        yield problem(label(instance), text, advice)


def _root() -> Path | None:
    place = storage()
    return Path(place.location) if isinstance(place, FileSystemStorage) else None


def _nearest(root: Path) -> Path:
    """The folder itself, or the one in which it would be made."""
    return next(folder for folder in (root, *root.parents) if folder.exists())


def _count(folder: Path) -> int:
    found = 0
    for _, _, names in os.walk(folder):
        found += len(names)
        if found >= MOST_FILES:
            return MOST_FILES
    return found
