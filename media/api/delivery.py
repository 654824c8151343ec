"""Stored files for programs; what is not there is a problem that says why and what comes next."""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from accounts.access import may
from accounts.api.problems import Problem
from accounts.models import Role, User
from media.models import MediaFile
from media.noting import note_reading
from media.serializers import AbsenceSerializer
from media.services import fetch_again
from media.serving import FRESH_SECONDS, NoRendition, NotHere, NotReadable, serve

ASKS = ("1", "true", "yes")


class WhateverIsAccepted(DefaultContentNegotiation):
    """An <img> accepts pictures only, and a problem is JSON whatever was asked for."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        chosen = list(renderers)[0]
        return chosen, chosen.media_type


def deliver(request: Request, media_file: MediaFile) -> HttpResponseBase:
    """For a user who may see the file; with ``?fetch=1`` one that is not here is asked for at once."""
    try:
        return content_of(request, media_file)
    except NotHere as absence:
        if request.method == "GET" and request.query_params.get("fetch", "").lower() in ASKS:
            _ask(request, media_file)
        raise why(media_file) from absence


def content_of(
    request: Request, media_file: MediaFile, *, fresh_seconds: int = FRESH_SECONDS, by: User | None = None
) -> HttpResponseBase:
    """``by`` is the reader where the request itself names none."""
    try:
        response = serve(request._request, media_file, fresh_seconds=fresh_seconds)
    except NoRendition as exc:
        raise Problem(HTTPStatus.NOT_FOUND, "no_rendition", exc.detail) from exc
    except NotReadable as exc:
        told = "Our storage does not answer now; try again."
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "storage", told) from exc
    note_reading(request._request, response, media_file, by=by or request.user, linked=by is not None)
    return response


def why(media_file: MediaFile) -> Problem:
    facts = AbsenceSerializer(media_file).data
    told = media_file.error or media_file.state
    if NotHere(media_file).comes_later:
        return Problem(HTTPStatus.CONFLICT, "not_here_yet", f"The file is not here yet: {told}", **facts)
    return Problem(HTTPStatus.GONE, "not_here", f"The file is not here: {told}", **facts)


def _ask(request: Request, media_file: MediaFile) -> None:
    if not may(request.user, Role.OPERATOR, media_file):
        told = "Your role for this client does not allow asking for a file."
        raise Problem(HTTPStatus.FORBIDDEN, "permission_denied", told)
    fetch_again(MediaFile.objects.filter(pk=media_file.pk), now=timezone.now())
    media_file.refresh_from_db(fields=("state", "error", "cause", "next_attempt_at", "attempts"))
