"""Why a draft cannot be sent: said before anything waits to leave."""

import json
from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import WhatsappInstance
from accounts.providers.base import Abilities
from accounts.providers.events import MediaKind, MessageType
from media.models import MediaFile
from messaging.abilities import abilities_of, window_of
from messaging.models import Conversation
from messaging.services.sending.drafting import LONGEST_NAME, Draft, NotSendable, digits_of

CAPTIONED = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT})
MEDIA_TYPES = frozenset(MessageType(kind.value) for kind in MediaKind)
LONGEST_TEMPLATE_NAME = 512
MOST_PARAMETERS = 64 * 1024


def check_switched_on(instance: WhatsappInstance) -> None:
    if not instance.is_reachable:
        raise NotSendable("line_off", _("This line is switched off."))


def check_line(conversation: Conversation) -> None:
    check_switched_on(conversation.instance)
    if not conversation.chat_id:
        raise NotSendable("no_address", _("Nobody knows an address of this contact yet."))


def check(conversation: Conversation, draft: Draft, now: datetime) -> None:
    check_line(conversation)
    _check_window(conversation, draft, now)
    if draft.reply_to is not None:
        _check_reply(conversation, draft)
    abilities = abilities_of(conversation.instance)
    if draft.type in MEDIA_TYPES:
        _check_media(conversation.instance, draft, abilities)
    elif draft.type in CHECKS:
        CHECKS[draft.type](draft, abilities)
    else:
        detail = _("A message of type %(type)s cannot be sent.") % {"type": draft.type}
        raise NotSendable("unsupported", detail, "type")


def _check_window(conversation: Conversation, draft: Draft, now: datetime) -> None:
    window = window_of(conversation, now)
    if window and not window.is_open and draft.type != MessageType.TEMPLATE:
        late = _("They wrote too long ago to be answered freely: send a template.")
        detail = late if window.until else _("They never wrote: send a template.")
        raise NotSendable("window_closed", detail, "type")


def check_length(text: str, longest: int, field: str = "text") -> None:
    if not text.strip():
        raise NotSendable("empty", _("There is nothing to send."), field)
    if len(text) > longest:
        detail = _("This provider takes %(most)d characters at most.") % {"most": longest}
        raise NotSendable("too_long", detail, field)


def _check_reply(conversation: Conversation, draft: Draft) -> None:
    quoted = draft.reply_to
    if quoted is None or quoted.conversation_id != conversation.pk:
        raise NotSendable("reply_unknown", _("The quoted message is not of this conversation."), "reply_to")
    if not quoted.provider_message_id:
        raise NotSendable("not_sent_yet", _("The quoted message has not been sent yet."), "reply_to")
    if draft.type == MessageType.TEMPLATE:
        raise NotSendable("unsupported", _("A template cannot quote a message."), "reply_to")


def _check_text(draft: Draft, abilities: Abilities) -> None:
    check_length(draft.text, abilities.text)


def _check_media(instance: WhatsappInstance, draft: Draft, abilities: Abilities) -> None:
    media_file, kind = draft.media, MediaKind(draft.type)
    if media_file is None:
        raise NotSendable("empty", _("There is no file to send."), "media")
    if media_file.instance.client_id != instance.client_id:
        raise NotSendable("not_ours", _("This file belongs to somebody else."), "media")
    if not media_file.is_ready or not media_file.size:
        raise NotSendable("empty", _("This file is not here yet."), "media")
    if kind not in (media_file.kind, MediaKind.DOCUMENT):
        told = {"kept": word_of(MediaKind(media_file.kind)), "kind": word_of(kind)}
        detail = _("This file is kept as %(kept)s, not as %(kind)s.") % told
        raise NotSendable("wrong_type", detail, "type")
    _check_limit(media_file, kind, abilities)
    if draft.text and kind not in CAPTIONED:
        detail = _("A message of type %(type)s has no caption.") % {"type": word_of(kind)}
        raise NotSendable("unsupported", detail, "text")
    if draft.text:
        check_length(draft.text, abilities.caption)


def word_of(kind: MediaKind) -> str:
    return str(MediaFile.Kind(kind.value).label).lower()


def _check_limit(media_file: MediaFile, kind: MediaKind, abilities: Abilities) -> None:
    limit = abilities.media.get(kind)
    if limit is None:
        detail = _("This provider takes no file of kind %(kind)s.") % {"kind": word_of(kind)}
        raise NotSendable("unsupported", detail, "type")
    mimetype = media_file.mimetype.partition(";")[0].strip().lower()
    if limit.mimetypes and mimetype not in limit.mimetypes:
        told = {"kind": word_of(kind), "types": ", ".join(limit.mimetypes), "type": mimetype or _("unknown")}
        detail = _("As %(kind)s this provider takes %(types)s; the file is %(type)s.") % told
        raise NotSendable("wrong_type", detail, "media")
    if (media_file.size or 0) > limit.max_bytes:
        sizes = {"kind": word_of(kind), "most": limit.max_bytes, "size": media_file.size}
        detail = _("As %(kind)s this provider takes %(most)d bytes; the file has %(size)d.") % sizes
        raise NotSendable("too_large", detail, "media")


def _check_location(draft: Draft, abilities: Abilities) -> None:
    place = draft.location
    if place is None:
        raise NotSendable("empty", _("There is no place to send."), "location")
    # Comparisons with a NaN are all false.
    if not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        raise NotSendable("wrong_type", _("There is no such place on Earth."), "location")
    if max(len(place.name), len(place.address)) > abilities.caption:
        raise NotSendable("too_long", _long_name(abilities.caption), "location")


def _check_contact(draft: Draft, abilities: Abilities) -> None:
    if draft.contact is None or not draft.contact[0].strip():
        raise NotSendable("empty", _("There is no contact to send."), "contact")
    if len(draft.contact[0]) > LONGEST_NAME:
        raise NotSendable("too_long", _long_name(LONGEST_NAME), "contact")
    digits_of(draft.contact[1], "contact")


def _long_name(most: int) -> str:
    return _("A name may have %(most)d characters.") % {"most": most}


def _check_template(draft: Draft, abilities: Abilities) -> None:
    if not abilities.templates:
        raise NotSendable("unsupported", _("This provider has no templates."), "type")
    if draft.template is None or not draft.template.name or not draft.template.language:
        raise NotSendable("empty", _("Name the template and its language."), "template")
    if max(len(draft.template.name), len(draft.template.language)) > LONGEST_TEMPLATE_NAME:
        raise NotSendable("too_long", _("There is no template with a name so long."), "template")
    if len(json.dumps(list(draft.template.components))) > MOST_PARAMETERS:
        raise NotSendable("too_long", _("That is more than a template holds."), "template")


CHECKS: dict[MessageType, Callable[[Draft, Abilities], None]] = {
    MessageType.TEXT: _check_text,
    MessageType.LOCATION: _check_location,
    MessageType.CONTACTS: _check_contact,
    MessageType.TEMPLATE: _check_template,
}
