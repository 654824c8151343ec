"""Renditions of files that were stored before there were any, and of those that did not come well."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from django.db.models import QuerySet

from media.models import MediaFile, Rendition
from media.services.renditions import kinds_for, make_again, new_rendition

PAGE = 500
State = Rendition.State
# Nobody lacks what is there; it is made anew by name only.
USUAL = (State.PENDING, State.FAILED, State.UNAVAILABLE)
NEEDED = ("instance", "kind", "mimetype", "waveform", "duration", "ready_at", "created_at")


def lacking(
    rows: QuerySet[MediaFile], kinds: Collection[str], states: Collection[str]
) -> Iterator[Rendition]:
    """Of ready files, newest first: renditions in these states, and where none is named those that have no row yet."""
    for page in _pages(rows):
        chosen = Rendition.objects.filter(media_file__in=page, state__in=states or USUAL)
        waiting = [*chosen, *([] if states else _never_asked(page))]
        waiting.sort(key=lambda one: (-one.media_file_id, one.pk or 0))
        yield from (one for one in waiting if not kinds or one.kind in kinds)


def put_in_line(renditions: Sequence[Rendition], *, now: datetime) -> int:
    fresh = [one for one in renditions if one.pk is None]
    for one in fresh:
        one.next_attempt_at = now
    Rendition.objects.bulk_create(fresh, ignore_conflicts=True)
    known = [one.pk for one in renditions if one.pk]
    return len(fresh) + make_again(Rendition.objects.filter(pk__in=known), now=now)


def _pages(rows: QuerySet[MediaFile]) -> Iterator[list[MediaFile]]:
    ready = rows.filter(state=MediaFile.State.READY).only(*NEEDED).order_by("-pk")
    page = list(ready[:PAGE])
    while page:
        yield page
        page = list(ready.filter(pk__lt=page[-1].pk)[:PAGE])


def _never_asked(page: list[MediaFile]) -> Iterator[Rendition]:
    known = set(Rendition.objects.filter(media_file__in=page).values_list("media_file", "kind"))
    for media_file in page:
        for kind in kinds_for(media_file, media_file.mimetype):
            if (media_file.pk, kind.value) not in known:
                yield new_rendition(media_file, kind, now=media_file.ready_at or media_file.created_at)
