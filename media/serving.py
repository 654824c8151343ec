"""The one way out for stored files, whoever asks: parts can be had, and nothing in them can run in the browser."""

from dataclasses import dataclass
from http import HTTPStatus
from inspect import signature
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import quote

import structlog
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from media.models import MediaFile, Rendition
from media.ranges import Slice, Unsatisfiable, wanted
from media.services import mark_missing
from media.services.renditions import make_again
from media.sniffing import bare, extension_of
from media.storage import places, storage

log = structlog.get_logger(__name__)

BLOCK = 64 * 1024
# So long a browser need not ask again; a signed link does not outlive itself in its cache.
FRESH_SECONDS = 3600
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
# Only S3's signed addresses can be told how the file is to be shown; other storages have other words for it.
SIGNED_BY_S3 = {"parameters", "expire", "http_method"}


class NotHere(Exception):
    """``media_file`` says why; ``just_lost`` when its row still called it ready a moment ago."""

    def __init__(self, media_file: MediaFile, *, just_lost: bool = False) -> None:
        super().__init__(f"media file {media_file.pk} is {media_file.state}")
        self.media_file = media_file
        self.just_lost = just_lost

    @property
    def comes_later(self) -> bool:
        return self.media_file.state in UNDER_WAY


class NoRendition(Exception):
    def __init__(self, state: str = "") -> None:
        self.detail = (
            f"It is not made yet: {state}." if state else "Nothing of that kind is made of this file."
        )
        super().__init__(self.detail)


class NotReadable(Exception):
    """The storage does not answer; the file may well be there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What goes out: the file itself or, with ``?rendition=thumbnail``, what was made of it."""

    media_file: int
    file: FieldFile
    mimetype: str
    called: str
    etag: str


def serve(
    request: HttpRequest, media_file: MediaFile, *, fresh_seconds: int = FRESH_SECONDS
) -> HttpResponseBase:
    """Access is the caller's to check. Raises NotHere, NoRendition and NotReadable."""
    kind = request.GET.get("rendition")
    if kind is None:
        return _serve_original(request, media_file, fresh_seconds)
    rendition = _rendition(media_file, kind)
    try:
        return _serve(request, _made(media_file, rendition), fresh_seconds)
    except FileNotFoundError:
        make_again(Rendition.objects.filter(pk=rendition.pk), now=timezone.now())
        raise NoRendition(rendition.State.PENDING.value) from None


def _serve_original(request: HttpRequest, media_file: MediaFile, fresh_seconds: int) -> HttpResponseBase:
    if not media_file.is_ready:
        raise NotHere(media_file)
    try:
        return _serve(request, _original(media_file), fresh_seconds)
    except FileNotFoundError:
        mark_missing(media_file)
        media_file.refresh_from_db(fields=("state", "error", "cause", "next_attempt_at"))
        raise NotHere(media_file, just_lost=True) from None


def _rendition(media_file: MediaFile, kind: str) -> Rendition:
    chosen = Rendition.objects.filter(media_file=media_file, kind=kind)
    rendition: Rendition | None = chosen.first() if kind in Rendition.Kind.values else None
    if rendition is None or not (rendition.is_ready and rendition.file):
        raise NoRendition(rendition.state if rendition and not rendition.is_ready else "")
    return rendition


def _original(media_file: MediaFile) -> Stored:
    return Stored(
        media_file=media_file.pk,
        file=media_file.file,
        mimetype=media_file.mimetype,
        called=download_name(media_file),
        etag=f'"{media_file.sha256 or f"{media_file.pk}-{media_file.size}"}"',
    )


def _made(media_file: MediaFile, rendition: Rendition) -> Stored:
    """Made anew, it is another one."""
    made_at = int(rendition.ready_at.timestamp()) if rendition.ready_at else 0
    return Stored(
        media_file=media_file.pk,
        file=rendition.file,
        mimetype=rendition.mimetype,
        called=f"{rendition.kind}-{media_file.pk}{PurePosixPath(str(rendition.file.name)).suffix}",
        etag=f'"{rendition.pk}-{rendition.size}-{made_at}"',
    )


def _serve(request: HttpRequest, stored: Stored, fresh_seconds: int) -> HttpResponseBase:
    known: HttpResponseBase | None = get_conditional_response(request, etag=stored.etag)
    response = known or _handed_off(request, stored) or _read(request, stored)
    for name, value in _caching(fresh_seconds, stored.etag).items():
        response.setdefault(name, value)
    return response


def _read(request: HttpRequest, stored: Stored) -> HttpResponseBase:
    content, size = _opened(stored)
    response = partial_content(request, content, size, stored.etag)
    if response.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        _describe(request, stored, response)
    return response


def _opened(stored: Stored) -> tuple[IO[bytes], int]:
    try:
        content: IO[bytes] = storage().open(str(stored.file.name), "rb")
        return content, content.size  # type: ignore[attr-defined]
    except FileNotFoundError:
        raise
    except Exception as exc:
        log.exception("media file cannot be read", media_file=stored.media_file)
        raise NotReadable from exc


def partial_content(request: HttpRequest, content: IO[bytes], size: int, etag: str) -> HttpResponseBase:
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


def _handed_off(request: HttpRequest, stored: Stored) -> HttpResponseBase | None:
    if settings.MEDIA_DELIVERY == "accel":
        return _to_web_server(request, stored)
    # Signed for GET, the address answers no HEAD.
    if settings.MEDIA_DELIVERY == "redirect" and request.method == "GET":
        return _to_storage(request, stored)
    return None


def _to_web_server(request: HttpRequest, stored: Stored) -> HttpResponseBase | None:
    """The web server knows ranges; it reads the same folder."""
    name = str(stored.file.name)
    disks = [place for place in places() if isinstance(place, FileSystemStorage)]
    if not any(disk.exists(name) for disk in disks):
        if len(disks) == len(places()):
            raise FileNotFoundError(name)
        return None
    response = HttpResponse()
    response["X-Accel-Redirect"] = settings.MEDIA_ACCEL_PREFIX + quote(name)
    _describe(request, stored, response)
    return response


def _to_storage(request: HttpRequest, stored: Stored) -> HttpResponseBase | None:
    place, shown = storage(), _shown(request, stored)
    options: dict[str, Any] = {}
    if signature(place.url).parameters.keys() >= SIGNED_BY_S3:
        told = {"ResponseContentDisposition": shown[1], "ResponseContentType": shown[0]}
        options = {"parameters": told, "expire": settings.MEDIA_LINK_SECONDS}
    elif shown[1].startswith("attachment"):
        return None
    try:
        address = place.url(str(stored.file.name), **options)
    except ValueError:
        # Django's own word of a storage whose files have no address.
        return None
    return HttpResponse(
        status=HTTPStatus.FOUND,
        headers={"Location": address, "Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"},
    )


def _describe(request: HttpRequest, stored: Stored, response: HttpResponseBase) -> None:
    response["Content-Type"], response["Content-Disposition"] = _shown(request, stored)
    response["X-Content-Type-Options"] = "nosniff"
    plays = response["Content-Type"].startswith(("video/", "audio/"))
    response["Content-Security-Policy"] = PLAYABLE if plays else CLOSED
    response["Accept-Ranges"] = "bytes"


def _caching(fresh_seconds: int, etag: str) -> dict[str, str]:
    return {
        "ETag": etag,
        "Cache-Control": f"private, max-age={fresh_seconds}",
        "Vary": "Authorization, Cookie",
    }


def _shown(request: HttpRequest, stored: Stored) -> tuple[str, str]:
    """The type and the disposition under which a browser gets it."""
    shown = INLINE.get(bare(stored.mimetype))
    as_attachment = shown is None or "download" in request.GET
    disposition = content_disposition_header(as_attachment, stored.called)
    return shown or "application/octet-stream", disposition or "attachment"


def download_name(media_file: MediaFile) -> str:
    """The sender's name for it with the extension of what it really is."""
    extension = PurePosixPath(media_file.file.name or "").suffix or extension_of(media_file.mimetype)
    sent = "".join(
        letter for letter in media_file.filename if letter.isprintable() and letter not in '/\\:*?"<>|'
    )
    stem = sent.strip(". ")
    if stem.lower().endswith(extension.lower()):
        stem = stem[: -len(extension)].strip(". ")
    return f"{stem[:150] or f'{media_file.kind}-{media_file.pk}'}{extension}"
