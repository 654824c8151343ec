"""A page of a conversation's messages, with everything around them, in a constant number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone

from accounts.paging import Place, beyond
from accounts.providers.events import MessageType
from messaging.models import Conversation, Message, Reaction

PAGE = 50
_UNUSED = ("media__media_key", "media__direct_path", "media__url")


@dataclass(frozen=True, slots=True)
class Line:
    """One message as it stands in the thread. ``day`` is set where a new day begins."""

    message: Message
    day: date | None
    names_sender: bool
    quoted: Message | None
    quoted_text: str

    @property
    def is_notice(self) -> bool:
        return self.message.type == MessageType.SYSTEM

    @property
    def is_ours(self) -> bool:
        return self.message.direction == Message.Direction.OUTBOUND


@dataclass(frozen=True, slots=True)
class Thread:
    lines: list[Line]
    older: str
    is_newest: bool


def read_thread(conversation: Conversation, *, before: str = "", upto: str = "") -> Thread:
    """The newest messages; with ``before`` those before a place, with ``upto`` those that end in one message."""
    rows: Any = _with_surroundings(conversation)
    place = Place.read(before) or _place_after(conversation, upto)
    if place:
        rows = beyond(rows, "sent_at", place, older=True)
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE][::-1]
    older = str(Place.of(shown[0], "sent_at")) if len(found) > PAGE else ""
    return Thread(list(_lines(conversation, shown)), older, is_newest=place is None)


def _with_surroundings(conversation: Conversation) -> Any:
    reactions = Prefetch("reactions", Reaction.objects.select_related("actor").order_by("id"))
    rows = conversation.messages.select_related("media", "sender").defer(*_UNUSED)
    return rows.prefetch_related(reactions).order_by("-sent_at", "-id")


def _place_after(conversation: Conversation, upto: str) -> Place | None:
    chosen = (
        conversation.messages.filter(pk=int(upto)).first() if upto.isdecimal() and len(upto) < 19 else None
    )
    return Place(chosen.sent_at, chosen.pk + 1) if chosen else None


def _lines(conversation: Conversation, messages: list[Message]) -> Iterable[Line]:
    quoted = _quoted(conversation, messages)
    before: Message | None = None
    for message in messages:
        day = timezone.localtime(message.sent_at).date()
        new_day = before is None or timezone.localtime(before.sent_at).date() != day
        yield Line(
            message,
            day if new_day else None,
            names_sender=new_day or before is None or _author(before) != _author(message),
            quoted=quoted.get(message.reply_to_id),
            quoted_text=_text(message.payload, "quoted"),
        )
        before = message


def _quoted(conversation: Conversation, messages: list[Message]) -> dict[str, Message]:
    ids = {message.reply_to_id for message in messages if message.reply_to_id}
    rows = conversation.messages.filter(provider_message_id__in=ids).select_related("sender")
    return {message.provider_message_id: message for message in rows}


def _author(message: Message) -> tuple[str, int | None]:
    return message.direction, message.sender_id


def _text(payload: Any, name: str) -> str:
    value = payload.get(name) if isinstance(payload, dict) else None
    return value if isinstance(value, str) else ""
