"""The content of one Cloud API message, by its ``type``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accounts.providers.cloud.complaints import MEDIA_LOST, complaints, sentence
from accounts.providers.events import MediaDescriptor, MediaKind, MessageType
from accounts.providers.wire import Fields, label, load_embedded, present

WITHOUT_ID = "the message does not say where its file is"

MEDIA_KINDS = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "document": MediaKind.DOCUMENT,
    "sticker": MediaKind.STICKER,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    type: MessageType
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    media: MediaDescriptor | None = None


def read_content(message: Fields) -> Content:
    wire_type = message.word("type")
    if wire_type in MEDIA_KINDS:
        return _file(wire_type, message) or _unsupported(message)
    reader = READERS.get(wire_type)
    content = reader(message) if reader and wire_type in message else None
    return content or _unsupported(message)


def _file(wire_type: str, message: Fields) -> Content | None:
    part, kind = message.inside(wire_type), MEDIA_KINDS[wire_type]
    unavailable = _why_unavailable(part, message)
    if not part and not unavailable:
        return None
    if kind is MediaKind.AUDIO and part.flag("voice"):
        kind = MediaKind.VOICE
    media = MediaDescriptor(
        kind=kind,
        mimetype=part.word("mime_type"),
        filename=part.text("filename") if kind is MediaKind.DOCUMENT else "",
        size=part.size("file_size"),
        media_id=part.id("id"),
        url=part.word("url"),
        sha256=part.sum("sha256"),
        animated=part.flag("animated"),
        unavailable=unavailable,
    )
    return Content(type=MessageType(kind.value), text=part.text("caption"), media=media)


def _why_unavailable(part: Fields, message: Fields) -> str:
    lost = next((sentence(found) for found in complaints(message) if found["code"] == MEDIA_LOST), "")
    if lost or not part:
        return lost
    return "" if part.word("id", "url") else WITHOUT_ID


def _unsupported(message: Fields) -> Content:
    wire_type = message.word("type")
    inner = message.inside(wire_type).word("type") if wire_type == "unsupported" else ""
    payload = present(wire_type=label(inner or wire_type))
    return Content(type=MessageType.UNSUPPORTED, payload=payload)


def _text(message: Fields) -> Content | None:
    body = message.inside("text").text("body")
    return Content(type=MessageType.TEXT, text=body) if body else None


def _location(message: Fields) -> Content | None:
    part = message.inside("location")
    payload = present(
        latitude=part.decimal("latitude"),
        longitude=part.decimal("longitude"),
        name=part.text("name"),
        address=part.text("address"),
        url=part.text("url"),
    )
    text = ", ".join(filter(None, (part.text("name"), part.text("address"))))
    return Content(type=MessageType.LOCATION, text=text, payload=payload) if payload else None


def _contacts(message: Fields) -> Content | None:
    cards = [_card(part) for part in message.each("contacts")]
    names = ", ".join(card["name"] for card in cards if "name" in card)
    return Content(type=MessageType.CONTACTS, text=names, payload={"contacts": cards}) if cards else None


def _card(part: Fields) -> dict[str, Any]:
    name = part.inside("name")
    spelt_out = " ".join(filter(None, (name.text("first_name"), name.text("last_name"))))
    phones = [
        present(phone=phone.text("phone"), wa_id=phone.word("wa_id"), type=phone.word("type"))
        for phone in part.each("phones")
    ]
    return present(
        name=name.text("formatted_name") or spelt_out,
        phones=phones,
        company=part.inside("org").text("company"),
        emails=[email.text("email") for email in part.each("emails")],
        vcard=part.text("vcard"),
    )


def _interactive(message: Fields) -> Content | None:
    part = message.inside("interactive")
    for kind in ("button_reply", "list_reply", "nfm_reply"):
        if part.inside(kind):
            return _choice(kind, part.inside(kind))
    return None


def _choice(kind: str, part: Fields) -> Content:
    title = part.text("title", "body", "name")
    payload = present(
        kind="flow_reply" if kind == "nfm_reply" else kind,
        title=title,
        id=part.word("id"),
        description=part.text("description"),
        name=part.word("name"),
        response=load_embedded(part.text("response_json")),
    )
    return Content(type=MessageType.INTERACTIVE, text=title or part.word("id"), payload=payload)


def _button(message: Fields) -> Content | None:
    part = message.inside("button")
    title, choice = part.text("text"), part.text("payload")
    payload = present(kind="button_reply", title=title, id=choice)
    return Content(type=MessageType.INTERACTIVE, text=title or choice, payload=payload) if part else None


def _order(message: Fields) -> Content | None:
    part = message.inside("order")
    items = [
        present(
            product=item.word("product_retailer_id"),
            quantity=item.count("quantity"),
            price=item.decimal("item_price"),
            currency=item.word("currency"),
        )
        for item in part.each("product_items")
    ]
    payload = present(catalog_id=part.word("catalog_id"), items=items)
    return Content(type=MessageType.ORDER, text=part.text("text"), payload=payload) if payload else None


def _system(message: Fields) -> Content | None:
    part = message.inside("system")
    payload = present(event=label(part.word("type")))
    return Content(type=MessageType.SYSTEM, text=part.text("body"), payload=payload) if part else None


READERS: dict[str, Callable[[Fields], Content | None]] = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "system": _system,
}
