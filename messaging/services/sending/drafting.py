"""What somebody wants to send, and how it is kept."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.providers.base import OutgoingLocation
from accounts.providers.events import MessageType
from accounts.providers.wire import clean_text, load_embedded, present
from media.models import MediaFile
from messaging.models import Conversation, Message

LONGEST_NAME = 200
PHONE = re.compile(r"[1-9][0-9]{6,14}")
NOT_DIGITS = re.compile(r"[\s().+-]")


class NotSendable(Exception):
    """``code`` is a word for programs, ``detail`` a sentence for people, ``field`` what of the request it is about."""

    def __init__(self, code: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    name: str
    language: str
    components: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """``text`` is the text, or a file's caption; ``contact`` is a name and a phone."""

    type: MessageType
    text: str = ""
    reply_to: Message | None = None
    media: MediaFile | None = None
    location: OutgoingLocation | None = None
    contact: tuple[str, str] | None = None
    template: Template | None = None


def digits_of(phone: str, field: str = "phone") -> str:
    """The phone as providers write it, whatever people put between the digits."""
    digits = NOT_DIGITS.sub("", phone)
    if not PHONE.fullmatch(digits):
        raise NotSendable("no_address", _("A phone is its digits, with the country's code first."), field)
    return digits


def content_of(draft: Draft) -> tuple[str, dict[str, Any]]:
    """Text and payload in the shape in which a received message of this type is kept."""
    if draft.location is not None and draft.type == MessageType.LOCATION:
        return _place(draft.location)
    if draft.contact is not None and draft.type == MessageType.CONTACTS:
        return _card(*draft.contact)
    if draft.template is not None and draft.type == MessageType.TEMPLATE:
        return _form(draft.template)
    return clean_text(draft.text), {}


def _place(place: OutgoingLocation) -> tuple[str, dict[str, Any]]:
    name, address = clean_text(place.name), clean_text(place.address)
    where = {"latitude": place.latitude, "longitude": place.longitude}
    return ", ".join(filter(None, (name, address))), where | present(name=name, address=address)


def _card(name: str, phone: str) -> tuple[str, dict[str, Any]]:
    name, digits = clean_text(name), digits_of(phone)
    return name, {"contacts": [{"name": name, "phones": [{"phone": f"+{digits}", "wa_id": digits}]}]}


def _form(template: Template) -> tuple[str, dict[str, Any]]:
    # Read as a foreign body is: without what no database takes.
    components = load_embedded(json.dumps({"components": list(template.components)})).get("components", [])
    name, language = clean_text(template.name), clean_text(template.language)
    payload = {"name": name, "language": language, "components": components}
    said = ", ".join(_texts(components))
    return f"{name} ({language}){': ' if said else ''}{said}", payload


def _texts(components: Sequence[Any]) -> list[str]:
    parameters = [
        parameter
        for component in components
        if isinstance(component, dict) and isinstance(component.get("parameters"), list)
        for parameter in component["parameters"]
    ]
    texts = [parameter.get("text") for parameter in parameters if isinstance(parameter, dict)]
    return [text for text in texts if isinstance(text, str)]


def fingerprint(conversation: Conversation, draft: Draft) -> str:
    """The same for the same wish, so that a key used for another one is noticed."""
    text, payload = content_of(draft)
    reply_to = draft.reply_to.pk if draft.reply_to else None
    # The same upload makes another row each time; its bytes stay the same.
    wish = [conversation.pk, draft.type, text, payload, reply_to, draft.media.sha256 if draft.media else None]
    return hashlib.sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()
