"""What somebody wants to send, and why it cannot be: said before anything waits to leave."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import WhatsappInstance
from accounts.providers import PROVIDERS
from accounts.providers.base import Abilities, OutgoingLocation
from accounts.providers.events import ChatKind, MediaKind, MessageType
from accounts.providers.wire import clean_text, load_embedded, present
from media.models import MediaFile
from messaging.models import Conversation, Message

CAPTIONED = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT})
MEDIA_TYPES = frozenset(MessageType(kind.value) for kind in MediaKind)
LONGEST_NAME = 200
LONGEST_TEMPLATE_NAME = 512
MOST_PARAMETERS = 64 * 1024
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


@dataclass(frozen=True, slots=True)
class Window:
    """Whether one may answer freely, and until when; None where the other side never wrote."""

    is_open: bool
    until: datetime | None


def abilities_of(instance: WhatsappInstance) -> Abilities:
    return PROVIDERS[instance.provider].abilities


def window_of(conversation: Conversation, now: datetime) -> Window | None:
    """None where there is no window: one may always write."""
    length = abilities_of(conversation.instance).window
    if length is None or conversation.kind != ChatKind.DIRECT:
        return None
    wrote = conversation.last_inbound_at
    until = wrote + length if wrote else None
    return Window(is_open=until is not None and now < until, until=until)


def check_line(conversation: Conversation) -> None:
    instance = conversation.instance
    if not (instance.is_active and instance.client.is_active):
        raise NotSendable("line_off", "This line is switched off.")
    if not conversation.chat_id:
        raise NotSendable("no_address", "Nobody knows an address of this contact yet.")


def check(conversation: Conversation, draft: Draft, now: datetime) -> None:
    check_line(conversation)
    check_window(conversation, draft, now)
    if draft.reply_to is not None:
        _check_reply(conversation, draft)
    abilities = abilities_of(conversation.instance)
    if draft.type in MEDIA_TYPES:
        _check_media(conversation.instance, draft, abilities)
    elif draft.type in CHECKS:
        CHECKS[draft.type](draft, abilities)
    else:
        raise NotSendable("unsupported", f"A message of type {draft.type} cannot be sent.", "type")


def check_window(conversation: Conversation, draft: Draft, now: datetime) -> None:
    window = window_of(conversation, now)
    if window and not window.is_open and draft.type != MessageType.TEMPLATE:
        detail = "They wrote too long ago to be answered freely: send a template."
        raise NotSendable("window_closed", detail, "type")


def check_length(text: str, longest: int, field: str = "text") -> None:
    if not text.strip():
        raise NotSendable("empty", "There is nothing to send.", field)
    if len(text) > longest:
        raise NotSendable("too_long", f"This provider takes {longest} characters at most.", field)


def _check_reply(conversation: Conversation, draft: Draft) -> None:
    quoted = draft.reply_to
    if quoted is None or quoted.conversation_id != conversation.pk:
        raise NotSendable("reply_unknown", "The quoted message is not of this conversation.", "reply_to")
    if not quoted.provider_message_id:
        raise NotSendable("not_sent_yet", "The quoted message has not been sent yet.", "reply_to")
    if draft.type == MessageType.TEMPLATE:
        raise NotSendable("unsupported", "A template cannot quote a message.", "reply_to")


def _check_text(draft: Draft, abilities: Abilities) -> None:
    check_length(draft.text, abilities.text)


def _check_media(instance: WhatsappInstance, draft: Draft, abilities: Abilities) -> None:
    media_file, kind = draft.media, MediaKind(draft.type)
    if media_file is None:
        raise NotSendable("empty", "There is no file to send.", "media")
    if media_file.instance.client_id != instance.client_id:
        raise NotSendable("not_ours", "This file belongs to somebody else.", "media")
    if not media_file.is_ready or not media_file.size:
        raise NotSendable("empty", "This file is not here yet.", "media")
    if media_file.kind != kind:
        detail = f"This file is kept as {media_file.kind}, not as {kind}."
        raise NotSendable("wrong_type", detail, "type")
    _check_limit(media_file, kind, abilities)
    if draft.text and kind not in CAPTIONED:
        raise NotSendable("unsupported", f"A message of type {kind} has no caption.", "text")
    if draft.text:
        check_length(draft.text, abilities.caption)


def _check_limit(media_file: MediaFile, kind: MediaKind, abilities: Abilities) -> None:
    limit = abilities.media.get(kind)
    if limit is None:
        raise NotSendable("unsupported", f"This provider takes no file of kind {kind}.", "type")
    mimetype = media_file.mimetype.partition(";")[0].strip().lower()
    if limit.mimetypes and mimetype not in limit.mimetypes:
        detail = f"As {kind} this provider takes {', '.join(limit.mimetypes)}; the file is {mimetype or 'unknown'}."
        raise NotSendable("wrong_type", detail, "media")
    if (media_file.size or 0) > limit.max_bytes:
        detail = f"As {kind} this provider takes {limit.max_bytes} bytes; the file has {media_file.size}."
        raise NotSendable("too_large", detail, "media")


def _check_location(draft: Draft, abilities: Abilities) -> None:
    place = draft.location
    if place is None:
        raise NotSendable("empty", "There is no place to send.", "location")
    # Comparisons with a NaN are all false.
    if not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        raise NotSendable("wrong_type", "There is no such place on Earth.", "location")
    if max(len(place.name), len(place.address)) > abilities.caption:
        raise NotSendable("too_long", f"A name may have {abilities.caption} characters.", "location")


def _check_contact(draft: Draft, abilities: Abilities) -> None:
    if draft.contact is None or not draft.contact[0].strip():
        raise NotSendable("empty", "There is no contact to send.", "contact")
    if len(draft.contact[0]) > LONGEST_NAME:
        raise NotSendable("too_long", f"A name may have {LONGEST_NAME} characters.", "contact")
    digits_of(draft.contact[1], "contact")


def _check_template(draft: Draft, abilities: Abilities) -> None:
    if not abilities.templates:
        raise NotSendable("unsupported", "This provider has no templates.", "type")
    if draft.template is None or not draft.template.name or not draft.template.language:
        raise NotSendable("empty", "Name the template and its language.", "template")
    if max(len(draft.template.name), len(draft.template.language)) > LONGEST_TEMPLATE_NAME:
        raise NotSendable("too_long", "There is no template with a name so long.", "template")
    if len(json.dumps(list(draft.template.components))) > MOST_PARAMETERS:
        raise NotSendable("too_long", "That is more than a template holds.", "template")


CHECKS = {
    MessageType.TEXT: _check_text,
    MessageType.LOCATION: _check_location,
    MessageType.CONTACTS: _check_contact,
    MessageType.TEMPLATE: _check_template,
}


def digits_of(phone: str, field: str = "phone") -> str:
    """The phone as providers write it, whatever people put between the digits."""
    digits = NOT_DIGITS.sub("", phone)
    if not PHONE.fullmatch(digits):
        raise NotSendable("no_address", "A phone is its digits, with the country's code first.", field)
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
