"""Where files are to lie: whether there is room, may be written, and whether what was stored is there; and ffmpeg."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.diagnosing.findings import Finding, ok, problem, warn
from accounts.diagnosing.instances import label
from accounts.models import WhatsappInstance
from media.rendering.finding import find_ffmpeg
from media.services.diagnosing.quotas import alarming, bucket_findings, quota_findings
from media.services.probing import probes
from media.storage import folder_of, places

MOST_FILES = 2000
LITTLE, NEXT_TO_NOTHING = 2 * 1024**3, 200 * 1024**2
ABOUT = "MEDIA_ROOT"
NO_FFMPEG = gettext_lazy("There is none: voice notes do not play in Safari, and videos have no picture.")
FFMPEG_ADVICE = gettext_lazy(
    "Install the system's ffmpeg and restart the worker; what was left out is made then."
)


def facts() -> dict[str, Any]:
    return {**_place(), "ffmpeg": find_ffmpeg(), "buckets": probes(), "quotas": alarming()}


def _place() -> dict[str, Any]:
    root = _root()
    if root is None:
        return {"storage": places()[0].__class__.__name__}
    there = _nearest(root)
    return {
        "storage": places()[0].__class__.__name__,
        "media_root": str(root),
        "exists": root.is_dir(),
        "writable": there.is_dir() and os.access(there, os.W_OK | os.X_OK),
        "bytes_free": shutil.disk_usage(there).free,
    }


def findings(told: dict[str, Any]) -> Iterator[Finding]:
    yield from _place_findings(told)
    yield from bucket_findings(told["buckets"])
    yield from quota_findings(told["quotas"])
    if told["ffmpeg"]:
        yield ok("ffmpeg", told["ffmpeg"])
    else:
        yield warn("ffmpeg", str(NO_FFMPEG), str(FFMPEG_ADVICE))


def _place_findings(told: dict[str, Any]) -> Iterator[Finding]:
    if "media_root" not in told:
        yield ok(ABOUT, _("files go to %(storage)s") % {"storage": told["storage"]})
        return
    free = {"free": f"{told['bytes_free'] / 1024**3:.1f} GiB", "folder": told["media_root"]}
    if not told["writable"]:
        advice = _(
            "Give the account of the worker the right to write there, or set another MEDIA_ROOT in .env."
        )
        yield problem(ABOUT, _("%(folder)s cannot be written to.") % free, advice)
    elif told["bytes_free"] < NEXT_TO_NOTHING:
        yield problem(
            ABOUT, _("%(free)s free: files can no longer be stored.") % free, _("Make room on that disk.")
        )
    elif told["bytes_free"] < LITTLE:
        yield warn(
            ABOUT, _("%(free)s free: the largest file would not fit.") % free, _("Make room on that disk.")
        )
    else:
        later = _("%(folder)s (is made with the first file), %(free)s free")
        yield ok(ABOUT, (_("%(folder)s, %(free)s free") if told["exists"] else later) % free)


def folder_facts(instance: WhatsappInstance) -> dict[str, Any]:
    """``files`` stops counting at ``counted_to``; None where the storage has no folders."""
    name = folder_of(instance)
    place = places()[0]
    files = _count(Path(place.path(name))) if isinstance(place, FileSystemStorage) else None
    return {"folder": name, "files": files, "counted_to": MOST_FILES}


def folder_findings(instance: WhatsappInstance, folder: dict[str, Any], ready: int) -> Iterator[Finding]:
    if folder["files"] == 0 and ready:
        text = _("Files recorded as stored: %(count)d; but %(folder)s is empty.")
        advice = _(
            "If MEDIA_ROOT was moved or a disk is not mounted, put it back. Else run %(audit)s, then %(again)s."
        )
        commands = {
            "audit": "`manage.py audit_media --fix`",
            "again": f"`manage.py redownload_media --instance {instance.instance_id} --state missing`",
        }
        told = {"count": ready, "folder": folder["folder"]}
        yield problem(label(instance), text % told, advice % commands)


def _root() -> Path | None:
    place = places()[0]
    return Path(place.location) if isinstance(place, FileSystemStorage) else None


def _nearest(root: Path) -> Path:
    """The folder itself, or the one in which it would be made."""
    return next(folder for folder in (root, *root.parents) if folder.exists())


def _count(folder: Path) -> int:
    found = 0
    for _folder, _folders, names in os.walk(folder):
        found += len(names)
        if found >= MOST_FILES:
            return MOST_FILES
    return found
