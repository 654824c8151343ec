"""Who a Cloud API change speaks of: a phone, a business-scoped id, its parent, a username, in any mixture."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.providers.events import Chat, ChatKind, Party
from accounts.providers.wire import Fields

CARD_IDS = ("wa_id", "user_id", "parent_user_id")


@dataclass(frozen=True, slots=True)
class Directory:
    """The ``contacts`` of one change: names and further ids of those whom its messages only number."""

    by_id: Mapping[str, Fields]
    only: Fields

    def card_of(self, phone: str, bsuids: tuple[str, ...]) -> Fields:
        named = [known_id for known_id in (phone, *bsuids) if known_id]
        if not named:
            return self.only
        return next((self.by_id[known_id] for known_id in named if known_id in self.by_id), Fields())


def directory_of(value: Fields) -> Directory:
    cards = list(value.each("contacts"))
    by_id = {card.word(name): card for card in reversed(cards) for name in CARD_IDS}
    return Directory(by_id=by_id, only=cards[0] if len(cards) == 1 else Fields())


def person(fields: Fields, role: str, directory: Directory) -> Party:
    """``role`` is what the ids are called after: ``from``, ``to``."""
    phone = digits(fields.word(role))
    bsuids = known(fields.id(f"{role}_user_id"), fields.id(f"{role}_parent_user_id"))
    return completed(phone, bsuids, directory)


def completed(phone: str, bsuids: tuple[str, ...], directory: Directory) -> Party:
    card = directory.card_of(phone, bsuids)
    profile = card.inside("profile")
    return Party(
        phone=phone or digits(card.id("wa_id")),
        bsuids=known(card.id("user_id"), *bsuids, card.id("parent_user_id")),
        username=profile.id("username").lstrip("@"),
        name=profile.text("name"),
    )


def known(*ids: str) -> tuple[str, ...]:
    """Each once; the parent's, told by its ``ENT`` part, last."""
    found = dict.fromkeys(filter(None, ids))
    return tuple(sorted(found, key=lambda bsuid: ".ENT." in bsuid))


def digits(phone: str) -> str:
    bare = phone.lstrip("+")
    return bare if bare.isascii() and bare.isdigit() else ""


def direct_chat(contact: Party) -> Chat | None:
    chat_id = contact.phone or next(iter(contact.bsuids), contact.username)
    return Chat(id=chat_id, kind=ChatKind.DIRECT, contact=contact) if chat_id else None


def group_chat(group_id: str) -> Chat:
    return Chat(id=group_id, kind=ChatKind.GROUP)
