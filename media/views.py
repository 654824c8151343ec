"""The one way to a stored file: access is checked, parts can be had, and nothing in it can run in the browser."""

from http import HTTPStatus
from pathlib import PurePosixPath
from typing import IO

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from media.models import MediaFile
from media.ranges import Slice, Unsatisfiable, wanted
from media.services import mark_missing
from media.sniffing import bare, extension_of

BLOCK = 64 * 1024
# What a browser may show in place; the value is the name under which it is served.
INLINE = {
    **{kind: kind for kind in ("image/jpeg", "image/png", "image/webp", "image/gif")},
    **{kind: kind for kind in ("video/mp4", "video/3gpp", "audio/amr", "audio/aac", "application/pdf")},
    **dict.fromkeys(("audio/ogg", "audio/opus", "application/ogg"), "audio/ogg"),
    **dict.fromkeys(("audio/mpeg", "audio/mp3"), "audio/mpeg"),
    **dict.fromkeys(("audio/mp4", "audio/m4a", "audio/x-m4a"), "audio/mp4"),
}
CLOSED = "sandbox; default-src 'none'"
# Opened by its own address, a browser wraps a player around the file, and that player asks for the file once more.
PLAYABLE = "sandbox allow-same-origin; default-src 'none'; media-src 'self'"
UNDER_WAY = (MediaFile.State.PENDING, MediaFile.State.FETCHING)


@require_safe
@login_required
def media_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(MediaFile.objects.visible_to(request.user).select_related("instance"), pk=pk)
    if not found.is_ready:
        status = HTTPStatus.CONFLICT if found.state in UNDER_WAY else HTTPStatus.GONE
        return _sorry(request, found, status)
    etag = f'"{found.sha256 or f"{found.pk}-{found.size}"}"'
    known: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    response = known or _read(request, found, etag)
    response["ETag"] = etag
    return response


def _read(request: HttpRequest, found: MediaFile, etag: str) -> HttpResponseBase:
    try:
        content: IO[bytes] = found.file.open("rb")
    except FileNotFoundError:
        mark_missing(found)
        found.refresh_from_db()
        return _sorry(request, found, HTTPStatus.NOT_FOUND)
    response = _part(request, found, content, etag)
    for name, value in _headers(found, as_attachment="download" in request.GET).items():
        response[name] = value
    return response


def _part(request: HttpRequest, found: MediaFile, content: IO[bytes], etag: str) -> HttpResponseBase:
    size = found.file.size
    header = request.headers.get("Range", "") if request.headers.get("If-Range", etag) == etag else ""
    try:
        part = wanted(header, size) if request.method == "GET" else None
    except Unsatisfiable:
        content.close()
        return HttpResponse(
            status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers={"Content-Range": f"bytes */{size}"}
        )
    start, length = part or (0, size)
    response = _stream(request, Slice(content, start, length))
    response["Content-Length"] = str(length)
    if part:
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    return response


def _stream(request: HttpRequest, piece: Slice) -> HttpResponseBase:
    if request.method == "HEAD":
        piece.close()
        return HttpResponse()
    response = FileResponse(piece)
    response.block_size = BLOCK
    return response


def _headers(found: MediaFile, *, as_attachment: bool) -> dict[str, str]:
    shown = INLINE.get(bare(found.mimetype))
    disposition = content_disposition_header(as_attachment or shown is None, download_name(found))
    return {
        "Content-Type": shown or "application/octet-stream",
        "Content-Disposition": disposition or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": PLAYABLE if _plays(shown) else CLOSED,
        "Cache-Control": "private, max-age=3600",
        "Accept-Ranges": "bytes",
        "Vary": "Cookie",
    }


def _plays(shown: str | None) -> bool:
    return shown is not None and shown.startswith(("video/", "audio/"))


def download_name(found: MediaFile) -> str:
    """The sender's name for it with the extension of what it really is."""
    extension = PurePosixPath(found.file.name or "").suffix or extension_of(found.mimetype)
    sent = "".join(letter for letter in found.filename if letter.isprintable() and letter not in '/\\:*?"<>|')
    stem = sent.strip(". ")
    if stem.lower().endswith(extension.lower()):
        stem = stem[: -len(extension)].strip(". ")
    return f"{stem[:150] or f'{found.kind}-{found.pk}'}{extension}"


def _sorry(request: HttpRequest, found: MediaFile, status: HTTPStatus) -> HttpResponse:
    return render(request, "media/not_ready.html", {"media_file": found}, status=status)
