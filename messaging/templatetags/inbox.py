"""How conversations and messages are named and drawn in the inbox."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_lazy, pgettext, pgettext_lazy

from accounts.admin.display import clock, icon, stamped, visible_name, written
from accounts.providers.events import AliasKind
from media.sniffing import bare
from messaging.models import Conversation, Label, Message

register = template.Library()

TINTS = 6
EXCERPT = 120
A_WEEK = timedelta(days=6)
KINDS = {"direct": "person", "group": "people", "channel": "channel"}
TYPES = {
    "image": ("image", gettext_lazy("Picture")),
    "video": ("video", gettext_lazy("Video")),
    "audio": ("music", gettext_lazy("Audio")),
    "voice": ("voice", gettext_lazy("Voice note")),
    "document": ("document", gettext_lazy("Document")),
    "sticker": ("sticker", gettext_lazy("Sticker")),
    "location": ("place", gettext_lazy("Location")),
    "contacts": ("person", gettext_lazy("Contact")),
    "poll": ("poll", gettext_lazy("Poll")),
    "order": ("basket", gettext_lazy("Order")),
    "template": ("document", gettext_lazy("Template")),
    "interactive": ("chat", gettext_lazy("Choice")),
    "system": ("alert", gettext_lazy("System message")),
    "unsupported": ("none", gettext_lazy("Cannot be shown here")),
}
STATUSES = {
    "queued": ("clock", gettext_lazy("waits to be sent")),
    "sending": ("clock", gettext_lazy("being sent")),
    "unknown": ("question", gettext_lazy("nobody knows whether it arrived")),
    "sent": ("check", gettext_lazy("sent")),
    "delivered": ("checks", gettext_lazy("delivered")),
    "read": ("checks", gettext_lazy("read")),
    "played": ("checks", gettext_lazy("played")),
    "failed": ("alert", gettext_lazy("failed")),
}
ALIASES = {
    "phone": pgettext_lazy("of a contact", "Phone"),
    "lid": pgettext_lazy("of a contact", "WhatsApp id"),
    "bsuid": pgettext_lazy("of a contact", "Business id"),
    "username": pgettext_lazy("of a contact", "User name"),
}
OGG, OPUS = ("audio/ogg", "audio/opus", "application/ogg"), "audio/ogg; codecs=opus"
CHIP = (
    '<span class="mc-label">'
    '<svg viewBox="0 0 8 8" aria-hidden="true"><circle cx="4" cy="4" r="4" fill="{}"/></svg>{}</span>'
)
KIND_NAMES = {
    "direct": gettext_lazy("Direct"),
    "group": gettext_lazy("Group"),
    "channel": gettext_lazy("Channel"),
}


@register.filter
def name_of(conversation: Conversation) -> str:
    """The title, the name, or the number."""
    named = conversation.title or person(conversation.contact) or conversation.chat_id
    return visible_name(named) or gettext("Unnamed")


@register.filter
def person(contact: Any) -> str:
    if contact is None:
        return ""
    if contact.name:
        return visible_name(contact.name)
    aliases = getattr(contact, "told_aliases", ())
    phones = (alias.value for alias in aliases if alias.kind == AliasKind.PHONE)
    return next((f"+{visible_name(phone)}" for phone in phones), str(contact))


@register.filter
def face(conversation: Conversation) -> str:
    """A person's first letter, or what it is."""
    letters = name_of(conversation) if conversation.kind == "direct" else ""
    letter = next((letter.upper() for letter in letters if letter.isalpha()), "")
    return letter or icon(KINDS.get(conversation.kind, "person"))


@register.filter
def tint(conversation: Conversation) -> str:
    return str(conversation.pk % TINTS)


@register.filter
def kind_name(conversation: Conversation) -> str:
    return str(KIND_NAMES.get(conversation.kind, conversation.kind))


@register.filter
def chip(label: Label) -> SafeString:
    return format_html(CHIP, label.color, label.name)


@register.filter
def alias_name(alias: Any) -> str:
    return str(ALIASES.get(alias.kind, alias.kind))


@register.filter
def type_icon(message: Message) -> str:
    return TYPES[message.type][0] if message.type in TYPES else ""


@register.filter
def type_name(message: Message) -> str:
    return str(TYPES[message.type][1]) if message.type in TYPES else gettext("Message")


@register.filter
def excerpt(message: Any) -> str:
    """One line of what it says, or what it is."""
    if message.revoked_at:
        return gettext("Deleted")
    text = message.preview if hasattr(message, "preview") else message.text
    line = " ".join(visible_name(" ".join(text.split())).split())
    return (line if len(line) <= EXCERPT else truncatechars(line, EXCERPT)) or type_name(message)


@register.filter
def status_icon(status: str) -> str:
    return STATUSES[status][0] if status in STATUSES else "clock"


@register.filter
def status_name(status: str) -> str:
    return str(STATUSES[status][1]) if status in STATUSES else status


@register.filter
def hour(moment: datetime) -> SafeString:
    local = timezone.localtime(moment)
    return stamped(local, written(local, "TIME_FORMAT"))


@register.filter
def short_time(moment: datetime | None) -> SafeString | str:
    """The hour of today, the day of this week, the date of what is older."""
    if moment is None:
        return ""
    local, now = timezone.localtime(moment), timezone.localtime()
    recent = "D" if timedelta() < now - local < A_WEEK else "SHORT_DATE_FORMAT"
    return stamped(local, written(local, "TIME_FORMAT" if local.date() == now.date() else recent))


@register.filter
def day_name(day: date) -> str:
    return _day_name(day, timezone.localdate(), get_language())


@lru_cache
def _day_name(day: date, today: date, _language: str | None) -> str:
    if day == today:
        return gettext("Today")
    if day == today - timedelta(days=1):
        return gettext("Yesterday")
    if day.year == today.year:
        return date_format(day, pgettext("date format", "l, j F"))
    return date_format(day, pgettext("date format", "l, j F Y"))


@register.filter
def played_time(media_file: Any) -> str:
    return clock(media_file.duration) or "0:00"


@register.filter
def made(media_file: Any, kind: str) -> str:
    """The address of what was made of a stored file for screens and players; empty while there is none."""
    found = any(one.kind == kind for one in getattr(media_file, "made", ()))
    return f"{reverse('media-file', args=[media_file.pk])}?rendition={kind}" if found else ""


@register.filter
def codec(media_file: Any) -> str:
    """As browsers ask it before they choose a source. WhatsApp's Ogg files hold Opus."""
    found = bare(media_file.mimetype)
    return OPUS if found in OGG else found


@register.filter
def cards(payload: Any) -> list[Any]:
    found = payload.get("contacts") if isinstance(payload, dict) else None
    return [card for card in found if isinstance(card, dict)] if isinstance(found, list) else []


@register.filter
def within(payload: Any, name: str) -> Any:
    """A member of a foreign object, empty where it is no such object."""
    return payload.get(name, "") if isinstance(payload, dict) else ""
