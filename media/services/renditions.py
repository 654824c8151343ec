"""Which renditions a stored file is to have, and how each of them is made."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import QuerySet

from media.models import MediaFile, Rendition
from media.rendering.jobs import BY_TOOL
from media.sniffing import bare

Kind, State = Rendition.Kind, Rendition.State
PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")
PDF = "application/pdf"
OGG = "application/ogg"
# 3GPP is a container of films too; recordings in it are AMR.
NOT_FOR_SAFARI = ("audio/ogg", "audio/opus", OGG, "audio/amr", "audio/3gpp", "audio/webm")
SOUNDS = (MediaFile.Kind.VOICE, MediaFile.Kind.AUDIO)
LONGEST_SIDE = {Kind.THUMBNAIL: 320, Kind.PREVIEW: 1600}
# What making renditions finds out of a file, where its message did not say so.
LEARNED = ("width", "height", "pages", "duration", "waveform")
SHARED = ("kind", "file", "mimetype", "size", "width", "height")


def kinds_for(media_file: MediaFile, mimetype: str) -> list[Rendition.Kind]:
    """Of a preview nothing is known before the picture was opened."""
    found, is_sound = bare(mimetype), media_file.kind in SOUNDS
    kinds = []
    if found in PICTURES or found == PDF or (found.startswith("video/") and not is_sound):
        kinds.append(Kind.THUMBNAIL)
    if found in NOT_FOR_SAFARI:
        kinds.append(Kind.M4A)
    if media_file.kind == MediaFile.Kind.VOICE and _has_sound(found) and not _is_drawn(media_file):
        kinds.append(Kind.WAVEFORM)
    return kinds


def way_of(rendition: Rendition) -> str:
    """The media file has to be at hand."""
    if rendition.kind in (Kind.M4A, Kind.WAVEFORM):
        return str(rendition.kind)
    found = bare(rendition.media_file.mimetype)
    if found == PDF:
        return "pdf"
    return "frame" if found.startswith("video/") else "picture"


def needs_tool(rendition: Rendition) -> bool:
    return way_of(rendition) in BY_TOOL


def ask(found: Iterable[tuple[MediaFile, str]], *, now: datetime) -> None:
    """For files that are ready now, each with the type that its bytes proved; what there is already stays."""
    rows = [row for media_file, mimetype in found for row in _new(media_file, mimetype, now)]
    Rendition.objects.bulk_create(rows, ignore_conflicts=True)


def ask_again(media_files: Iterable[MediaFile], *, now: datetime) -> None:
    """Files that were lost are back, so what failed for want of them may be made."""
    lost = [media_file.pk for media_file in media_files if media_file.ready_at]
    if lost:
        make_again(Rendition.objects.filter(media_file__in=lost, state=State.FAILED), now=now)


def share(media_file: MediaFile, twin: MediaFile, *, now: datetime) -> None:
    """Both are the same stored file, so what was made of the one is there for the other."""
    learned = {
        name: getattr(twin, name) for name in LEARNED if getattr(twin, name) and not getattr(media_file, name)
    }
    for name, value in learned.items():
        setattr(media_file, name, value)
    if learned:
        MediaFile.objects.filter(pk=media_file.pk).update(**learned)
    made = Rendition.objects.filter(media_file=twin, state=State.READY).exclude(file="")
    copies = [
        Rendition(
            instance_id=media_file.instance_id,
            media_file=media_file,
            state=State.READY,
            created_at=now,
            ready_at=now,
            **{name: getattr(one, name) for name in SHARED},
        )
        for one in made
    ]
    Rendition.objects.bulk_create(copies, ignore_conflicts=True)
    ask([(media_file, twin.mimetype)], now=now)


def make_again(rows: QuerySet[Rendition], *, now: datetime) -> int:
    """Back to the start, whatever came of it; what is being made at this moment stays. How many there were."""
    waiting = Rendition.objects.filter(pk__in=rows.values("pk"), lease_until=None)
    return waiting.let_go(state=State.PENDING, error="", attempts=0, next_attempt_at=now)


def _new(media_file: MediaFile, mimetype: str, now: datetime) -> Iterator[Rendition]:
    for kind in kinds_for(media_file, mimetype):
        yield new_rendition(media_file, kind, now=now)


def new_rendition(media_file: MediaFile, kind: Rendition.Kind, *, now: datetime) -> Rendition:
    return Rendition(
        instance_id=media_file.instance_id,
        media_file=media_file,
        kind=kind,
        created_at=now,
        next_attempt_at=now,
    )


def _has_sound(mimetype: str) -> bool:
    return mimetype.startswith(("audio/", "video/")) or mimetype == OGG


def _is_drawn(media_file: MediaFile) -> bool:
    return bool(media_file.waveform) and media_file.duration is not None
