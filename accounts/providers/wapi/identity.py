"""Who a W-API body speaks of.

A LID is digits like a phone, and W-API puts its bare digits where a phone should stand. Length does not tell them
apart (some LIDs have 13 digits and begin with 55), only the other fields of the same body do.
"""

import re
from dataclasses import dataclass

from accounts.providers.events import Chat, ChatKind, Party

STORY_CHATS = frozenset({"status", "status@broadcast"})

BARE_PHONE = re.compile(r"\+?([0-9]{10,15})")
PHONE_ID = re.compile(r"([0-9]{3,15})(?:[.:][0-9]+)*@(?:c\.us|s\.whatsapp\.net)", re.IGNORECASE)
LID = re.compile(r"([0-9]{3,20})(?:[.:][0-9]+)*@lid", re.IGNORECASE)
GROUP_ID = re.compile(r"([0-9]{18}|[0-9]{5,15}-[0-9]{8,11})")
GROUP_SUFFIX = "@g.us"
CHANNEL_SUFFIX = "@newsletter"


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """The identifying strings of one body, as W-API spelt them."""

    chat_id: str
    chat_title: str
    sender_id: str
    sender_lid: str
    sender_name: str
    own_phone: str
    own_lid: str
    is_group: bool
    from_me: bool

    @property
    def lids(self) -> frozenset[str]:
        """Digits that are a LID's, whatever field they turn up in."""
        named = (self.chat_id, self.sender_id, self.sender_lid, self.own_lid)
        return frozenset(match[1] for match in map(LID.fullmatch, named) if match)


def is_story(people: People) -> bool:
    return people.chat_id.lower() in STORY_CHATS


def chat_of(people: People) -> Chat | None:
    """None when the body does not say where the message belongs."""
    kind = _kind_of(people)
    if kind is ChatKind.CHANNEL:
        return Chat(id=people.chat_id.lower(), kind=kind, title=people.chat_title)
    if kind is ChatKind.GROUP:
        return Chat(id=_group_id(people.chat_id), kind=kind, title=people.chat_title)
    contact, stated = _contact_of(people), chat_address(people.chat_id, people.lids)
    # A group's message whose group is not told must not end up in its author's own chat.
    derived = "" if people.is_group else contact.phone or contact.lid
    chat_id = stated or derived
    return Chat(id=chat_id, kind=kind, contact=contact) if chat_id else None


def author_of(people: People, chat: Chat) -> Party | None:
    if people.from_me:
        return None
    if chat.kind is ChatKind.DIRECT:
        return chat.contact
    author = _sender_of(people)
    return author if author.aliases else None


def chat_address(value: str, lids: frozenset[str]) -> str:
    return phone_of(value, lids) or lid_of(value, lids)


def phone_of(value: str, lids: frozenset[str]) -> str:
    match = BARE_PHONE.fullmatch(value) or PHONE_ID.fullmatch(value)
    return match[1] if match and match[1] not in lids else ""


def lid_of(value: str, lids: frozenset[str]) -> str:
    match = LID.fullmatch(value)
    digits = match[1] if match else value.split("@")[0]
    return f"{digits}@lid" if match or digits in lids else ""


def _kind_of(people: People) -> ChatKind:
    chat_id = people.chat_id.lower()
    if chat_id.endswith(CHANNEL_SUFFIX):
        return ChatKind.CHANNEL
    if chat_id.endswith(GROUP_SUFFIX) or GROUP_ID.fullmatch(chat_id):
        return ChatKind.GROUP
    return ChatKind.GROUP if people.is_group and chat_id.isdigit() else ChatKind.DIRECT


def _group_id(chat_id: str) -> str:
    chat_id = chat_id.lower()
    return chat_id if chat_id.endswith(GROUP_SUFFIX) else chat_id + GROUP_SUFFIX


def _contact_of(people: People) -> Party:
    named = _party(people.chat_id, "", people)
    if people.from_me:
        return named
    sender = _sender_of(people)
    if _contradict(named, sender):
        return named
    return Party(phone=named.phone or sender.phone, lid=named.lid or sender.lid, name=sender.name)


def _sender_of(people: People) -> Party:
    """Empty when the sender is the line itself: our own name and number are never a contact's."""
    sender = _party(people.sender_id, people.sender_lid, people)
    own_lid = lid_of(people.own_lid, people.lids)
    own_phone = phone_of(people.own_phone, people.lids)
    if (sender.lid and sender.lid == own_lid) or (sender.phone and sender.phone == own_phone):
        return Party()
    return Party(phone=sender.phone, lid=sender.lid, name=people.sender_name)


def _party(address: str, lid: str, people: People) -> Party:
    lids = people.lids
    return Party(phone=phone_of(address, lids), lid=lid_of(lid, lids) or lid_of(address, lids))


def _contradict(named: Party, sender: Party) -> bool:
    """Two different people in one direct chat; Brazil's ninth digit alone makes no difference."""
    phones = named.phone and sender.phone and named.phone[-8:] != sender.phone[-8:]
    lids = named.lid and sender.lid and named.lid != sender.lid
    return bool(phones or lids)
