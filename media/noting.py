"""The audit trail of stored files: who opened, saved, or made links to them."""

from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from accounts import audit
from accounts.audit import Action
from media.models import MediaFile, Rendition

GIVEN = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.FOUND)
# A long film is one opening, however many pieces its player asks for.
PLAYED_FOR = timedelta(hours=6)
MOST_IDS = 200


def note_reading(
    request: HttpRequest, response: HttpResponseBase, media_file: MediaFile, *, by: Any, linked: bool = False
) -> None:
    """What a list or a thread shows of its own accord is no opening."""
    if request.method != "GET" or response.status_code not in GIVEN or _is_shown_anyway(request, media_file):
        return
    saves = "download" in request.GET
    facts: dict[str, Any] = {"link": 1} if linked else {}
    goes_on = _goes_on(request)
    action = Action.MEDIA_DOWNLOADED if saves else Action.MEDIA_OPENED
    window = PLAYED_FOR if goes_on else audit.OPENED_AGAIN
    audit.note_once(action, media_file, by=by, within=window, looks=goes_on, **facts)


def note_links(media_files: Iterable[MediaFile]) -> None:
    """One entry for each client, whatever the number of files."""
    of_client = sorted(media_files, key=_client)
    for _, group in groupby(of_client, key=_client):
        rows = list(group)
        ids = ", ".join(str(row.pk) for row in rows[:MOST_IDS])
        audit.note(Action.MEDIA_LINKED, None, client=rows[0].instance.client, files=len(rows), media=ids)


def _client(media_file: MediaFile) -> int:
    return int(media_file.instance.client_id)


def _is_shown_anyway(request: HttpRequest, media_file: MediaFile) -> bool:
    rendition = request.GET.get("rendition")
    if rendition is None:
        return bool(media_file.kind == MediaFile.Kind.STICKER)
    return rendition != Rendition.Kind.M4A


def _goes_on(request: HttpRequest) -> bool:
    asked = request.headers.get("Range", "")
    return bool(asked) and not asked.startswith("bytes=0-")
