"""Bodies of the messages call."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.providers import errors
from accounts.providers.base import OutgoingLocation, OutgoingMedia
from accounts.providers.events import MediaKind
from accounts.providers.wire import Fields

TYPES = {kind: kind.value for kind in MediaKind} | {MediaKind.VOICE: "audio"}
CAPTIONED = (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT)
PHONE = re.compile(r"\+?([0-9]{5,20})")
BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}")

Body = dict[str, Any]


def address(chat_id: str) -> Body:
    """A phone without ``+`` would be read as one of our own country; a BSUID in ``to`` is dropped without a word."""
    phone = PHONE.fullmatch(chat_id)
    if phone:
        return {"recipient_type": "individual", "to": f"+{phone.group(1)}"}
    if BSUID.fullmatch(chat_id):
        return {"recipient_type": "individual", "recipient": chat_id}
    return {"recipient_type": "group", "to": chat_id}


def message(chat_id: str, kind: str, content: object, *, reply_to: str = "", tag: str = "") -> Body:
    body = {"messaging_product": "whatsapp", **address(chat_id), "type": kind, kind: content}
    if reply_to:
        body["context"] = {"message_id": reply_to}
    if tag:
        body["biz_opaque_callback_data"] = tag
    return body


def media_content(media: OutgoingMedia, *, media_id: str) -> Body:
    if not media_id and not media.url:
        raise errors.RequestRejected("there is neither a link nor a file to send")
    content: Body = {"id": media_id} if media_id else {"link": media.url}
    if media.caption and media.kind in CAPTIONED:
        content["caption"] = media.caption
    if media.filename and media.kind is MediaKind.DOCUMENT:
        content["filename"] = media.filename
    if media.kind is MediaKind.VOICE:
        content["voice"] = True
    return content


def upload_type(mimetype: str) -> str:
    """Ogg is taken with its codec named only, and opus is the only one allowed."""
    bare = mimetype.partition(";")[0].strip().lower()
    return "audio/ogg; codecs=opus" if bare == "audio/ogg" else bare


def template_content(name: str, language: str, components: Sequence[Mapping[str, Any]]) -> Body:
    content: Body = {"name": name, "language": {"code": language}}
    return content | {"components": list(components)} if components else content


def location_content(location: OutgoingLocation) -> Body:
    named = {"name": location.name, "address": location.address}
    told = {key: value for key, value in named.items() if value}
    return {"latitude": location.latitude, "longitude": location.longitude, **told}


def contact_cards(name: str, phone: str) -> list[Body]:
    digits = phone.removeprefix("+")
    card = {
        "name": {"formatted_name": name, "first_name": name},
        "phones": [{"phone": f"+{digits}", "wa_id": digits, "type": "CELL"}],
    }
    return [card]


def sent_id(fields: Fields) -> str:
    first = next(fields.each("messages"), Fields())
    if not first.word("id"):
        raise errors.UnexpectedResponse("the Cloud API answered without a message id")
    return first.word("id")
