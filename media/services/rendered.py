"""What came of making renditions, written down, and what was learned of the media files on the way."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import F

from accounts import feed
from media.models import MediaFile, Rendition
from media.rendering.jobs import Made
from media.services.discarding import drop
from media.services.holding import Held
from media.services.keeping import mark_missing
from media.services.making import Result
from media.services.renditions import LONGEST_SIDE, new_rendition, way_of
from media.services.telling import tell

log = structlog.get_logger(__name__)

Kind, State = Rendition.Kind, Rendition.State
# After these a crash is taken to be the file's own fault.
BREAKS = (timedelta(minutes=1), timedelta(minutes=10))
STORAGE_BREAK = timedelta(minutes=5)
MIMETYPES = {
    Kind.THUMBNAIL: "image/webp",
    Kind.PREVIEW: "image/webp",
    Kind.M4A: "audio/mp4",
    Kind.WAVEFORM: "",
}
NO_TOOL = "there is no ffmpeg on this machine"


def record(result: Result, token: uuid.UUID, now: datetime) -> None:
    if result.made:
        _record_made(result, result.made, token, now)
    elif result.is_lost:
        mark_missing(result.errand.rendition.media_file)
        give_up(result.errand.rendition, "the original is not in the storage", token)
    elif result.trouble:
        _wait(result.errand.rendition, token, result.trouble, now + STORAGE_BREAK, counts=False)
    else:
        _record_failure(result, token, now)


def give_up(rendition: Rendition, reason: str, token: uuid.UUID) -> None:
    _settle(rendition, token, state=State.FAILED, error=reason[:300])


def leave_out(rendition: Rendition, token: uuid.UUID) -> None:
    _settle(rendition, token, state=State.UNAVAILABLE, error=NO_TOOL)


def _record_made(result: Result, made: Made, token: uuid.UUID, now: datetime) -> None:
    rendition = result.errand.rendition
    facts = {
        "file": result.name,
        "mimetype": MIMETYPES[Kind(rendition.kind)],
        "size": result.size,
        "width": made.width,
        "height": made.height,
        "ready_at": now,
    }
    with feed.collecting():
        if _settle(rendition, token, state=State.READY, error="", **facts):
            _learn(rendition.media_file, made)
            if _deserves_preview(rendition, made):
                preview = new_rendition(rendition.media_file, Kind.PREVIEW, now=now)
                Rendition.objects.bulk_create([preview], ignore_conflicts=True)
            tell([rendition.media_file], at=now)
        elif result.name and not Rendition.objects.filter(pk=rendition.pk).exists():
            # Its original was discarded while it was made.
            client, original = rendition.instance.client_id, rendition.media_file
            drop(client, [Held(result.name, original.sha256, result.size or 0)], now=now)


def _record_failure(result: Result, token: uuid.UUID, now: datetime) -> None:
    rendition, error = result.errand.rendition, result.error
    if result.bug:
        log.error("rendition failed with a bug", rendition=rendition.pk, traceback=result.bug)
    reason = error.reason if error else "an error of our own; the log has it"
    again = error.again if error else True
    if again and rendition.attempts <= len(BREAKS):
        _wait(rendition, token, reason, now + BREAKS[rendition.attempts - 1])
    else:
        give_up(rendition, reason, token)


def _wait(
    rendition: Rendition, token: uuid.UUID, reason: str, until: datetime, *, counts: bool = True
) -> None:
    attempts: Any = F("attempts") - (0 if counts else 1)
    changes = {"error": reason[:300], "next_attempt_at": until, "attempts": attempts}
    _settle(rendition, token, state=State.PENDING, **changes)


def _settle(rendition: Rendition, token: uuid.UUID, **changes: Any) -> int:
    """0 when somebody else holds it by now; whatever was found does not count then."""
    moved = Rendition.objects.held_by(token).filter(pk=rendition.pk).let_go(**changes)
    log.info(
        "rendition settled" if moved else "lease lost, result dropped",
        instance=rendition.instance_id,
        media_file=rendition.media_file_id,
        kind=rendition.kind,
        state=str(changes["state"]),
        attempt=rendition.attempts,
        error=changes["error"],
    )
    return moved


def _learn(media_file: MediaFile, made: Made) -> None:
    """What the message said stands; only what it left out is filled in."""
    found = {
        "width": made.source_width,
        "height": made.source_height,
        "pages": made.pages,
        "duration": None if made.seconds is None else max(1, round(made.seconds)),
        "waveform": bytes(made.waveform),
    }
    fresh = {name: value for name, value in found.items() if value and not getattr(media_file, name)}
    if fresh:
        MediaFile.objects.filter(pk=media_file.pk).update(**fresh)


def _deserves_preview(rendition: Rendition, made: Made) -> bool:
    is_picture = rendition.kind == Kind.THUMBNAIL and way_of(rendition) == "picture"
    return is_picture and max(made.source_width or 0, made.source_height or 0) > LONGEST_SIDE[Kind.PREVIEW]
