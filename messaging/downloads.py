"""A finished export on its way out, in parts where the browser wants them; access is the caller's to check."""

from datetime import datetime
from http import HTTPStatus
from typing import IO, Any, cast

from django.http import HttpRequest, HttpResponseBase
from django.utils.http import content_disposition_header

from media.serving import CLOSED, partial_content
from messaging.models import Export
from messaging.services.exporting import Parts, file_name, note_download


def download(request: HttpRequest, export: Export, *, by: Any, now: datetime) -> HttpResponseBase:
    """Of one that is ready."""
    if request.method == "GET":
        note_download(export, by=by, now=now)
    etag = f'"export-{export.pk}-{export.size}"'
    response = partial_content(request, cast(IO[bytes], Parts(export)), export.size, etag)
    if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return response
    response["Content-Type"] = "application/zip"
    response["Content-Disposition"] = content_disposition_header(True, file_name(export)) or "attachment"
    response["Content-Security-Policy"] = CLOSED
    response["X-Content-Type-Options"] = "nosniff"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-store"
    return response
