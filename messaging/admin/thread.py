"""A page of a conversation's messages, with everything around them, in a constant number of queries."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone

from accounts.paging import Place, beyond
from accounts.providers.base import Abilities
from accounts.providers.events import MessageType
from media.models import Rendition
from messaging.admin.gaps import gaps_before
from messaging.admin.names import find_numbers
from messaging.models import Contact, Conversation, Message, OutboxItem, Reaction
from messaging.services.sending import abilities_of
from messaging.services.sending.acting import DELETE_WITHIN, EDIT_WITHIN

PAGE = 50
# Of a page around one message, so many come after it.
AFTER = 20
_UNUSED = ("media__media_key", "media__direct_path", "media__url")
State = OutboxItem.State
TROUBLED = ("failed", "unknown")
UNDONE = (State.PENDING, State.SENDING, State.UNKNOWN, State.FAILED)


@dataclass(frozen=True, slots=True)
class Line:
    """One message as it stands in the thread. ``follows`` one of the same author and day."""

    message: Any
    day: date
    is_new_day: bool
    follows: bool
    quoted: Message | None
    quoted_text: str
    may_edit: bool
    may_delete: bool
    gaps: Sequence[str]

    @property
    def pk(self) -> str:
        return str(self.message.pk)

    @property
    def place(self) -> str:
        return str(Place.of(self.message, "sent_at"))

    @property
    def author(self) -> str:
        notice = " system" if self.is_notice else ""
        return f"{self.message.direction} {self.message.sender_id or ''}{notice}"

    @property
    def is_notice(self) -> bool:
        return bool(self.message.type == MessageType.SYSTEM)

    @property
    def is_ours(self) -> bool:
        return bool(self.message.direction == Message.Direction.OUTBOUND)

    @property
    def look(self) -> str:
        """The classes of its style."""
        if self.is_notice:
            return "mc-notice"
        words = ["mc-line", "mc-ours" if self.is_ours else "mc-theirs"]
        told = {"mc-follows": self.follows, "mc-revoked": self.message.revoked_at}
        return " ".join([*words, *(word for word, is_so in told.items() if is_so)])

    @property
    def is_plain(self) -> bool:
        """A text and nothing else, as most are."""
        message, payload = self.message, self.message.payload
        if message.type != MessageType.TEXT or message.media_id or message.removal or not message.text:
            return False
        return isinstance(payload, dict) and payload.keys() <= {"quoted", "forwarded"}

    @property
    def acts(self) -> str:
        """What operators may do with it. One answers and reacts to what the provider has a name for."""
        stands = not self.is_notice and not self.message.revoked_at
        known, text = self.message.provider_message_id, self.message.text
        able = {
            "react": known,
            "reply": known,
            "copy": text,
            "edit": self.may_edit,
            "delete": self.may_delete,
        }
        return " ".join(word for word, is_so in able.items() if is_so) if stands else ""

    @property
    def is_troubled(self) -> bool:
        """It waits or failed, or what was to be done to it did."""
        return bool(self.message.undone or self.message.error or self.message.status in TROUBLED)

    @property
    def sending(self) -> OutboxItem | None:
        """The message itself while it waits, or why it did not leave."""
        return next((item for item in self.message.undone if item.action == OutboxItem.Action.MESSAGE), None)

    @property
    def others(self) -> list[OutboxItem]:
        """What else is to be done to it, or could not be; nobody waits for a receipt."""
        quiet = (OutboxItem.Action.MESSAGE, OutboxItem.Action.READ)
        return [item for item in self.message.undone if item.action not in quiet]


@dataclass(frozen=True, slots=True)
class Thread:
    """``older`` and ``newer`` are places where more follows, or empty."""

    lines: list[Line]
    older: str = ""
    newer: str = ""


def read_thread(conversation: Conversation, *, before: str = "", after: str = "", around: str = "") -> Thread:
    """The newest messages, or those before or after a place, or those around a message."""
    place, later = Place.read(before), Place.read(after)
    if later:
        return _newer(conversation, later)
    if place:
        return _older(conversation, place)
    chosen = _chosen(conversation, around)
    return _around(conversation, chosen) if chosen else _older(conversation, None)


def read_lines(conversation: Conversation, ids: Collection[int]) -> list[Line]:
    """Some of its messages as they are now, wherever they stand."""
    return _lines(conversation, list(_rows(conversation).filter(pk__in=ids))[::-1])


def _older(conversation: Conversation, place: Place | None) -> Thread:
    found, more = _page(conversation, place, older=True, room=PAGE)
    return Thread(_lines(conversation, found), older=_place(found[0]) if more else "")


def _newer(conversation: Conversation, place: Place) -> Thread:
    found, more = _page(conversation, place, older=False, room=PAGE)
    return Thread(_lines(conversation, found), newer=_place(found[-1]) if more else "")


def _around(conversation: Conversation, chosen: Message) -> Thread:
    place = Place.of(chosen, "sent_at")
    above, older = _page(conversation, Place(chosen.sent_at, chosen.pk + 1), older=True, room=PAGE - AFTER)
    below, newer = _page(conversation, place, older=False, room=AFTER)
    found = [*above, *below]
    return Thread(
        _lines(conversation, found),
        older=_place(found[0]) if older else "",
        newer=_place(found[-1]) if newer else "",
    )


def _page(
    conversation: Conversation, place: Place | None, *, older: bool, room: int
) -> tuple[list[Message], bool]:
    """In the order of the thread."""
    rows = _rows(conversation)
    if place:
        rows = beyond(rows, "sent_at", place, older=older)
    found = list((rows if older else rows.reverse())[: room + 1])
    page = found[:room]
    return (page[::-1] if older else page), len(found) > room


def _place(message: Message) -> str:
    return str(Place.of(message, "sent_at"))


def _rows(conversation: Conversation) -> Any:
    rows = conversation.messages.select_related("media", "sender", "sent_by").defer(*_UNUSED)
    return rows.order_by("-sent_at", "-id")


def _complete(messages: list[Message]) -> None:
    """With what hangs on them."""
    made = Rendition.objects.filter(state=Rendition.State.READY).exclude(file="").defer("error")
    undone = OutboxItem.objects.filter(state__in=UNDONE).order_by("id")
    reactions = Reaction.objects.select_related("actor").order_by("id")
    prefetch_related_objects(
        messages,
        Prefetch("reactions", reactions, to_attr="told_reactions"),
        Prefetch("outbox", undone, to_attr="undone"),
        Prefetch("media__renditions", made, to_attr="made"),
    )


def _chosen(conversation: Conversation, pk: str) -> Message | None:
    if not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
        return None
    found: Message | None = conversation.messages.filter(pk=int(pk)).first()
    return found


def _lines(conversation: Conversation, messages: list[Message]) -> list[Line]:
    _complete(messages)
    quoted = _quoted(conversation, messages)
    find_numbers(_people([*messages, *quoted.values()]))
    gaps = gaps_before(conversation, messages)
    abilities = abilities_of(conversation.instance)
    return list(_in_order(messages, quoted, gaps, abilities, timezone.now()))


def _people(messages: Iterable[Any]) -> Iterable[Contact | None]:
    for message in messages:
        yield message.sender
        yield from (reaction.actor for reaction in getattr(message, "told_reactions", ()))


def _in_order(
    messages: list[Message],
    quoted: dict[str, Message],
    gaps: dict[int, list[str]],
    abilities: Abilities,
    now: datetime,
) -> Iterable[Line]:
    before: Message | None = None
    for message in messages:
        day = timezone.localtime(message.sent_at).date()
        same_day = before is not None and timezone.localtime(before.sent_at).date() == day
        is_text = message.type == MessageType.TEXT
        yield Line(
            message,
            day,
            is_new_day=not same_day,
            follows=same_day and before is not None and _author(before) == _author(message),
            quoted=quoted.get(message.reply_to_id),
            quoted_text=_text(message.payload, "quoted"),
            may_edit=abilities.edit and is_text and _is_within(message, now, EDIT_WITHIN),
            may_delete=abilities.delete and _is_within(message, now, DELETE_WITHIN),
            gaps=gaps[message.pk],
        )
        before = message


def _is_within(message: Message, now: datetime, limit: timedelta) -> bool:
    ours = message.direction == Message.Direction.OUTBOUND
    known = bool(message.provider_message_id) and not message.revoked_at
    return ours and known and now - message.sent_at <= limit


def _quoted(conversation: Conversation, messages: list[Message]) -> dict[str, Message]:
    ids = {message.reply_to_id for message in messages if message.reply_to_id}
    rows = conversation.messages.filter(provider_message_id__in=ids).select_related("sender")
    return {str(message.provider_message_id): message for message in rows}


def _author(message: Message) -> tuple[str, int | None, bool]:
    return message.direction, message.sender_id, message.type == MessageType.SYSTEM


def _text(payload: Any, name: str) -> str:
    value = payload.get(name) if isinstance(payload, dict) else None
    return value if isinstance(value, str) else ""
