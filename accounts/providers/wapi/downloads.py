"""What download-media wants to know, and the many shapes in which it may hand a file over."""

import base64
from urllib.parse import urljoin, urlsplit, urlunsplit

from accounts.providers import errors
from accounts.providers.base import MediaLocation
from accounts.providers.events import MediaDescriptor, MediaKind
from accounts.providers.http import Answer
from accounts.providers.wapi.answers import json_or_none
from accounts.providers.wire import Fields, read_bytes

WIRE_TYPES = {kind: kind.value for kind in MediaKind} | {MediaKind.VOICE: "audio"}
USUAL_MIMETYPES = {
    MediaKind.IMAGE: "image/jpeg",
    MediaKind.VIDEO: "video/mp4",
    MediaKind.AUDIO: "audio/ogg; codecs=opus",
    MediaKind.VOICE: "audio/ogg; codecs=opus",
    MediaKind.DOCUMENT: "application/octet-stream",
    MediaKind.STICKER: "image/webp",
}
LINK_KEYS = ("fileLink", "url")
SOURCE_KEYS = ("base64", "data", "media", "buffer", "file")
MEDIA_TYPES = ("image/", "audio/", "video/", "application/")
TEXT_TYPES = ("json", "xml")
NESTING = 3
DATA_URI_HEAD = 200
MAY_BE_THE_TYPE = (200, 400, 422, 500)


def question(media: MediaDescriptor) -> dict[str, str]:
    if not media.media_key:
        raise errors.RequestRejected("the message brought no media key")
    if not media.direct_path:
        raise errors.RequestRejected("the message brought no direct path")
    return {
        "mediaKey": base64.b64encode(media.media_key).decode(),
        "directPath": media.direct_path,
        "type": WIRE_TYPES[media.kind],
        "mimetype": media.mimetype or USUAL_MIMETYPES[media.kind],
    }


def check_there(answer: Answer, *, alternative: bool) -> None:
    """404 with a page of text, as Express makes it, is about the path; so is any 404 of the undocumented call."""
    about_path = alternative or (answer.body.strip() and json_or_none(answer) is None)
    if answer.status == 410 or (answer.status == 404 and not about_path):
        raise errors.MediaGone("W-API does not have the file any more", status=answer.status)
    if answer.status == 404:
        raise errors.Unsupported("W-API does not have this call", status=answer.status)


def location(answer: Answer) -> MediaLocation:
    content_type = answer.headers.get("Content-Type", "")
    if is_media(content_type) and answer.body:
        return MediaLocation(content=answer.body, mimetype=content_type)
    found = source_in(answer.json())
    if found is None:
        raise errors.UnexpectedResponse("W-API handed over neither link nor file", status=answer.status)
    return found


def is_media(content_type: str) -> bool:
    plain = content_type.partition(";")[0].strip().lower()
    return plain.startswith(MEDIA_TYPES) and not plain.endswith(TEXT_TYPES)


def source_in(value: object, mimetype: str = "", depth: int = 0) -> MediaLocation | None:
    if isinstance(value, dict) and depth < NESTING:
        return source_in_fields(Fields(value), mimetype, depth)
    if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
        return MediaLocation(url=value, mimetype=mimetype)
    content = read_bytes(value)
    return MediaLocation(content=content, mimetype=mimetype or type_in_data_uri(value)) if content else None


def source_in_fields(fields: Fields, mimetype: str, depth: int) -> MediaLocation | None:
    mimetype = fields.word("mimetype", "mime_type") or mimetype
    link = fields.word(*LINK_KEYS)
    if link and not link.lower().startswith("data:"):
        return MediaLocation(url=link, mimetype=mimetype)
    found = (source_in(fields.get(key), mimetype, depth + 1) for key in (*LINK_KEYS, *SOURCE_KEYS))
    return next(filter(None, found), None)


def type_in_data_uri(value: object) -> str:
    text = value[:DATA_URI_HEAD] if isinstance(value, str) else ""
    return text[5:].partition(",")[0].removesuffix(";base64") if text.startswith("data:") else ""


def at_base_host(url: str, base_url: str) -> str:
    """W-API now and then names its store by a bare address; the same path answers at its own host."""
    try:
        link, base = urlsplit(urljoin(base_url, url)), urlsplit(base_url)
    except ValueError as exc:
        raise errors.UnexpectedResponse("W-API handed over a link that cannot be read") from exc
    return urlunsplit((base.scheme, base.netloc, link.path, link.query, ""))
