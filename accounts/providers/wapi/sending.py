"""Bodies of W-API's send calls: one call per kind of media."""

import base64
import re

from accounts.providers import errors
from accounts.providers.base import OutgoingLocation, OutgoingMedia
from accounts.providers.events import MediaKind

CALLS = {
    MediaKind.IMAGE: "image",
    MediaKind.VIDEO: "video",
    MediaKind.AUDIO: "audio",
    MediaKind.VOICE: "audio",
    MediaKind.DOCUMENT: "document",
    MediaKind.STICKER: "sticker",
}
CAPTIONED = (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT)
PERSON_SUFFIXES = re.compile(r"@(s\.whatsapp\.net|c\.us)$")
EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,10})$")
EXTENSIONS = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/zip": "zip",
    "application/json": "json",
    "application/xml": "xml",
    "text/plain": "txt",
    "text/csv": "csv",
    "image/jpeg": "jpg",
    "image/png": "png",
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
}


def phone_of(chat_id: str) -> str:
    """Groups and LIDs keep their suffix; people are bare digits."""
    return PERSON_SUFFIXES.sub("", chat_id).removeprefix("+")


def media_call(chat_id: str, media: OutgoingMedia, *, reply_to: str) -> tuple[str, dict[str, str]]:
    name = CALLS[media.kind]
    body = {"phone": phone_of(chat_id), name: source_of(media)}
    if media.kind is MediaKind.DOCUMENT:
        body |= document_fields(media)
    if media.caption and media.kind in CAPTIONED:
        body["caption"] = media.caption
    return f"/message/send-{name}", quoting(body, reply_to)


def quoting(body: dict[str, str], reply_to: str) -> dict[str, str]:
    """``messageId`` inside a send body is the quoted message."""
    return {**body, "messageId": reply_to} if reply_to else body


def source_of(media: OutgoingMedia) -> str:
    if media.content:
        return f"data:{bare(media.mimetype)};base64,{base64.b64encode(media.content).decode()}"
    if not media.url:
        raise errors.RequestRejected("there is neither a link nor a file to send")
    return media.url


def document_fields(media: OutgoingMedia) -> dict[str, str]:
    named = EXTENSION.search(media.filename)
    extension = named.group(1).lower() if named else EXTENSIONS.get(bare(media.mimetype), "bin")
    return {"extension": extension, "fileName": media.filename or f"file.{extension}"}


def bare(mimetype: str) -> str:
    return mimetype.partition(";")[0].strip().lower() or "application/octet-stream"


def location_body(chat_id: str, location: OutgoingLocation) -> dict[str, str]:
    """Numbers travel as text here."""
    return {
        "phone": phone_of(chat_id),
        "latitude": str(location.latitude),
        "longitude": str(location.longitude),
        "name": location.name,
        "address": location.address,
    }


def contact_body(chat_id: str, *, name: str, phone: str) -> dict[str, str]:
    return {"phone": phone_of(chat_id), "contactName": name, "contactPhone": phone_of(phone)}
