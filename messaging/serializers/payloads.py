"""What a message says beside its text: the members that front ends are told of, and no others."""

from typing import Any

WORD = {"type": "string"}
FLAG = {"type": "boolean"}
CARD = {
    "type": "object",
    "properties": {
        "name": WORD,
        "phones": {"type": "array", "items": {"type": "object", "additionalProperties": WORD}},
        "company": WORD,
        "emails": {"type": "array", "items": WORD},
        "vcard": WORD,
    },
}
BUTTON = {"type": "object", "properties": dict.fromkeys(("title", "id", "url", "phone", "description"), WORD)}
ITEM = {
    "type": "object",
    "properties": {
        "product": WORD,
        "quantity": {"type": "integer"},
        "price": {"type": "number"},
        "currency": WORD,
    },
}
REFERRAL = (
    *("source_type", "source_id", "source_url", "headline", "title", "body"),
    *("media_type", "image_url", "video_url", "thumbnail_url", "ctwa_clid"),
)
FAULT = {"type": "object", "properties": {"code": WORD, "reason": WORD}}

MEMBERS: dict[str, dict[str, Any]] = {
    "link": {"type": "object", "properties": dict.fromkeys(("url", "title", "description"), WORD)},
    "forwarded": FLAG,
    "mentions": {"type": "array", "items": WORD},
    "view_once": FLAG | {"description": "The file could be opened once, on the phone."},
    "gif": FLAG | {"description": "A video that plays as a moving picture."},
    "round": FLAG | {"description": "A round video message."},
    "latitude": {"type": "number"},
    "longitude": {"type": "number"},
    "name": WORD,
    "address": WORD,
    "url": WORD,
    "live": FLAG | {"description": "A place that was being followed."},
    "contacts": {"type": "array", "items": CARD},
    "question": WORD,
    "options": {"type": "array", "items": WORD},
    "selectable": {"type": "integer", "description": "How many answers a poll takes; 0 for any number."},
    "kind": WORD | {"description": "Of an interactive message: offer, button_reply, list_reply, flow_reply."},
    "title": WORD,
    "id": WORD | {"description": "Of the choice, as whoever offered it named it."},
    "index": {"type": "integer"},
    "description": WORD,
    "response": {"type": "object", "description": "What was filled in, as the flow names it."},
    "buttons": {"type": "array", "items": BUTTON},
    "footer": WORD,
    "catalog_id": WORD,
    "items": {"type": "array", "items": ITEM},
    "product": {"type": "object", "properties": {"catalog_id": WORD, "product": WORD}},
    "referral": {"type": "object", "properties": dict.fromkeys(REFERRAL, WORD)},
    "event": WORD | {"description": "Of a system message: what happened."},
    "errors": {"type": "array", "items": FAULT},
    "language": WORD | {"description": "Of a template, as Meta writes it."},
    "components": {"type": "array", "items": {"type": "object"}, "description": "Of a template."},
    "wire_type": WORD | {"description": "What an unsupported message is called at its provider."},
}
SCHEMA = {
    "type": "object",
    "description": "What the type of the message brings beside its text; members are left out where not told.",
    "properties": MEMBERS,
    "additionalProperties": False,
}


def shown(payload: Any) -> dict[str, Any]:
    stated = payload if isinstance(payload, dict) else {}
    return {name: value for name, value in stated.items() if name in MEMBERS}


def quoted_text(payload: Any) -> str:
    """What W-API repeats of a quoted message."""
    stated = payload.get("quoted") if isinstance(payload, dict) else None
    return stated if isinstance(stated, str) else ""
