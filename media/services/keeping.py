"""What people and commands may ask of the ledger, and what keeps it tidy."""

import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit, feed
from accounts.models import WhatsappInstance
from media.models import MediaFile
from media.services import health, holding
from media.services.holding import Held
from media.services.telling import changes_of
from media.storage import incoming_folder

log = structlog.get_logger(__name__)

State = MediaFile.State
ASKABLE = (State.MISSING, State.EXPIRED, State.FAILED, State.UNAVAILABLE)
PART_AGE = timedelta(hours=1)


def fetch_again(queryset: QuerySet[MediaFile], *, now: datetime) -> int:
    """Put files back to the start of their schedule, due at once; ready ones stay. How many there were."""
    chosen = MediaFile.objects.filter(pk__in=queryset.values("pk"))
    instances = set(
        chosen.exclude(state=State.READY).order_by().values_list("instance", flat=True).distinct()
    )
    health.forget(instances)
    fresh: dict[str, Any] = {"next_attempt_at": now, "attempts": 0}
    asked = chosen.filter(state__in=ASKABLE)
    waiting = chosen.filter(state=State.PENDING, lease_until=None)
    with feed.collecting():
        if audit.asker():
            rows = (waiting | asked).select_related("instance").only("pk", "instance__client")
            audit.note_many(audit.Action.MEDIA_REQUESTED, rows, at=now)
        count = waiting.update(**fresh)
        feed.tell(changes_of(asked, at=now))
        count += asked.move_to(State.PENDING, error="", cause="", **fresh)
    log.info("media files asked for again", count=count)
    return count


def mark_missing(media_file: MediaFile, reason: str = "the file is not in the storage") -> bool:
    ready = MediaFile.objects.filter(pk=media_file.pk, state=State.READY)
    with feed.collecting():
        holding.lock([media_file.instance.client_id])
        feed.tell(changes_of(ready, at=timezone.now()))
        facts = ready.values_list("file", "sha256", "size").first()
        moved = ready.move_to(State.MISSING, error=reason[:500], cause=MediaFile.Cause.LOST)
        if moved and facts:
            _uncount(media_file.instance.client_id, Held(facts[0], facts[1], facts[2] or 0))
    log.error("media file missing", media_file=media_file.pk, reason=reason)
    return bool(moved)


def _uncount(client: int, lost: Held) -> None:
    """Another row may name it yet; it is counted until that one is found to have lost it too."""
    if not holding.named([lost], ready=True):
        holding.add(client, files=-1, size=-lost.size)


def resume(instance: WhatsappInstance, *, now: datetime) -> int:
    """The line works again: what waited for it is due now."""
    health.forget({instance.pk})
    waiting = MediaFile.objects.filter(instance=instance, state=State.PENDING, lease_until=None)
    return waiting.filter(next_attempt_at__gt=now).update(next_attempt_at=now)


def sweep(*, older_than: timedelta = PART_AGE) -> int:
    """Remove part files and work folders that killed workers left behind; a live one is written to all the time."""
    removed, folder = 0, incoming_folder()
    for part in folder.iterdir() if folder.is_dir() else ():
        if _untouched_seconds(part) > older_than.total_seconds():
            _remove(part)
            removed += 1
    if removed:
        log.info("part files removed", count=removed)
    return removed


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def _untouched_seconds(part: Path) -> float:
    try:
        return time.time() - part.stat().st_mtime
    except FileNotFoundError:
        return 0  # finished at this very moment, by a thread of ours or by another worker
