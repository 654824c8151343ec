"""Which conversation a message belongs to, and what its arrival does to the conversation's line in the list."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest

from accounts.models import WhatsappInstance
from accounts.providers.events import Chat, ChatKind
from messaging.models import Conversation
from messaging.services.contacts import People


@dataclass
class Arrival:
    """What a batch brings to one conversation."""

    newest: datetime
    unread: int = 0


@dataclass
class Threads:
    """The conversations of a batch, read once. Contacts are settled before, so that a merge finds nothing stale."""

    people: People
    _known: dict[tuple[int, str], Conversation] = field(default_factory=dict)
    _arrivals: dict[int, Arrival] = field(default_factory=dict)

    def read(self, chats: Iterable[tuple[WhatsappInstance, Chat]]) -> None:
        pairs = list(chats)
        contacts = {self.people.find(chat.contact).pk for _, chat in pairs if chat.contact}
        groups = {chat.id for _, chat in pairs if not chat.contact}
        direct = Q(kind=ChatKind.DIRECT, contact__in=contacts)
        rows = Conversation.objects.filter(
            direct | Q(~Q(kind=ChatKind.DIRECT), chat_id__in=groups),
            instance__in={instance.pk for instance, _ in pairs},
        )
        for row in rows:
            self._known[(row.instance_id, _key(row.contact_id, row.chat_id))] = row

    def find(self, instance: WhatsappInstance, chat: Chat) -> Conversation:
        contact = self.people.find(chat.contact) if chat.contact else None
        key = (instance.pk, _key(contact.pk if contact else None, chat.id))
        if key not in self._known:
            kind = ChatKind.DIRECT if contact else chat.kind
            unique = {"contact": contact} if contact else {"chat_id": chat.id}
            self._known[key], _ = Conversation.objects.get_or_create(
                instance=instance, kind=kind, **unique, defaults=_looks(chat)
            )
        _learn_title(self._known[key], chat)
        return self._known[key]

    def arrived(self, conversation: Conversation, at: datetime, *, unread: bool) -> None:
        arrival = self._arrivals.setdefault(conversation.pk, Arrival(newest=at))
        arrival.newest = max(arrival.newest, at)
        arrival.unread += unread

    def write(self) -> None:
        """Counters change in the database: others may be changing them as well."""
        for pk, arrival in sorted(self._arrivals.items()):
            changes: dict[str, Any] = {
                "last_message_at": Greatest(Coalesce("last_message_at", arrival.newest), arrival.newest)
            }
            if arrival.unread:
                changes["unread_count"] = F("unread_count") + arrival.unread
                changes["status"] = Conversation.Status.OPEN
            Conversation.objects.filter(pk=pk).update(**changes)


def _key(contact: int | None, chat_id: str) -> str:
    return f"contact {contact}" if contact else chat_id


def _looks(chat: Chat) -> dict[str, Any]:
    return {"chat_id": chat.id[:200], "title": "" if chat.contact else chat.title[:200]}


def _learn_title(conversation: Conversation, chat: Chat) -> None:
    if chat.contact or not chat.title or conversation.title == chat.title[:200]:
        return
    conversation.title = chat.title[:200]
    Conversation.objects.filter(pk=conversation.pk).update(title=conversation.title)
