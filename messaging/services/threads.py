"""Which conversation a message belongs to, and what its arrival does to the conversation's line in the list."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery

from accounts.feed import Action
from accounts.models import Change, WhatsappInstance
from accounts.providers.events import Chat, ChatKind
from messaging.models import Conversation, Message
from messaging.services.contacts import People


@dataclass
class Threads:
    """The conversations of a batch, read once. Contacts are settled before, so that a merge finds nothing stale."""

    people: People
    _known: dict[tuple[int, str], Conversation] = field(default_factory=dict)
    _arrivals: Counter[int] = field(default_factory=Counter)
    _created: set[int] = field(default_factory=set)

    def read(self, chats: Iterable[tuple[WhatsappInstance, Chat]]) -> None:
        """Those that there are not yet are made."""
        pairs = list(chats)
        contacts = {self.people.find(chat.contact).pk for _, chat in pairs if chat.contact}
        groups = {_address(chat) for _, chat in pairs if not chat.contact}
        direct = Q(kind=ChatKind.DIRECT, contact__in=contacts)
        rows = Conversation.objects.filter(
            direct | Q(~Q(kind=ChatKind.DIRECT), chat_id__in=groups),
            instance__in={instance.pk for instance, _ in pairs},
        )
        for row in rows:
            self._known[(row.instance_id, _key(row.contact_id, row.chat_id))] = row
        self._make(pairs)

    def find(self, instance: WhatsappInstance, chat: Chat) -> Conversation:
        """One that was read."""
        return self._known[self._place(instance, chat)]

    def _make(self, chats: Iterable[tuple[WhatsappInstance, Chat]]) -> None:
        made: dict[tuple[int, str], Conversation] = {}
        for instance, chat in chats:
            place = self._place(instance, chat)
            if place not in self._known and place not in made:
                made[place] = self._new(instance, chat)
        Conversation.objects.bulk_create(made.values())
        self._known |= made
        self._created |= {one.pk for one in made.values()}

    def _new(self, instance: WhatsappInstance, chat: Chat) -> Conversation:
        contact = self.people.find(chat.contact) if chat.contact else None
        kind = ChatKind.DIRECT if contact else chat.kind
        return Conversation(instance=instance, kind=kind, contact=contact, **_looks(chat))

    def _place(self, instance: WhatsappInstance, chat: Chat) -> tuple[int, str]:
        contact = self.people.find(chat.contact) if chat.contact else None
        return instance.pk, _key(contact.pk if contact else None, _address(chat))

    def arrived(self, conversation: Conversation, chat: Chat, *, at: datetime, unread: bool) -> None:
        """A new message. It tells the title too, unless a newer one has told it already."""
        self._arrivals[conversation.pk] += unread
        newest = conversation.last_message_at or at
        if at >= newest or not conversation.title:
            _learn_title(conversation, chat)
        conversation.last_message_at = max(at, newest)

    def touched(self) -> list[tuple[Conversation, Change.Action]]:
        rows = {row.pk: row for row in self._known.values()}
        return [
            (rows[pk], Action.CREATED if pk in self._created else Action.UPDATED)
            for pk in sorted({*self._created, *self._arrivals})
        ]

    def write(self) -> None:
        """Counters change in the database: others may be changing them as well."""
        newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-sent_at", "-id")
        inbound = newest.filter(direction=Message.Direction.INBOUND).values("sent_at")
        touched = Conversation.objects.filter(pk__in=self._arrivals)
        touched.update(last_message_at=Subquery(newest.values("sent_at")[:1]))
        for unread in set(self._arrivals.values()) - {0}:
            pks = [pk for pk, count in self._arrivals.items() if count == unread]
            Conversation.objects.filter(pk__in=pks).update(
                unread_count=F("unread_count") + unread,
                status=Conversation.Status.OPEN,
                last_inbound_at=Subquery(inbound[:1]),
            )


def _key(contact: int | None, chat_id: str) -> str:
    return f"contact {contact}" if contact else chat_id


def _address(chat: Chat) -> str:
    return chat.id[:200]


def _looks(chat: Chat) -> dict[str, Any]:
    return {"chat_id": _address(chat), "title": "" if chat.contact else chat.title[:200]}


def _learn_title(conversation: Conversation, chat: Chat) -> None:
    if chat.contact or not chat.title or conversation.title == chat.title[:200]:
        return
    conversation.title = chat.title[:200]
    Conversation.objects.filter(pk=conversation.pk).update(title=conversation.title)
