"""One erasure: whose, how far it is, and what it has counted."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from accounts.providers.events import ChatKind
from messaging.models import Contact, Conversation, Message, PurgeReceipt
from messaging.services.erasing.marks import Marks
from messaging.services.removing import Gone

BATCH = 300
# Rows that are looked through for what names somebody.
WINDOW = 5_000


@dataclass
class Job:
    """``gone`` is what the batch in hand took."""

    receipt: PurgeReceipt
    contact: Contact
    now: datetime

    def __post_init__(self) -> None:
        self.gone = Gone()

    @property
    def client(self) -> int:
        return self.contact.client_id

    @cached_property
    def marks(self) -> Marks:
        return Marks.of(self.contact)

    @cached_property
    def aliases(self) -> list[tuple[str, str]]:
        return list(self.contact.aliases.values_list("kind", "value"))

    @cached_property
    def threads(self) -> list[int]:
        """Their own conversations; few, one for each line."""
        rows = Conversation.objects.filter(contact=self.contact, kind=ChatKind.DIRECT)
        return list(rows.order_by("pk").values_list("pk", flat=True))

    @cached_property
    def told_as(self) -> set[int]:
        """Ids under which others may have been told of them."""
        former = self.contact.former_ids.filter(instance=None)
        return {self.contact.pk, *former.values_list("number", flat=True)}

    @cached_property
    def told_threads(self) -> set[int]:
        return {*self.threads, *self._former_threads().values_list("number", flat=True)}

    @cached_property
    def chats(self) -> list[tuple[int, str]]:
        """Instances, and the addresses there under which files of theirs are stored."""
        rows = Conversation.objects.filter(pk__in=self.threads).values_list("instance", "chat_id")
        return sorted({*rows, *self._former_threads().values_list("instance", "chat_id")})

    def _former_threads(self) -> Any:
        return self.contact.former_ids.exclude(instance=None)

    @cached_property
    def groups(self) -> list[int]:
        """Where they wrote or reacted, as far as that still can be seen."""
        took_part = Q(sender=self.contact) | Q(reactions__actor=self.contact)
        rows = Message.objects.filter(took_part).exclude(conversation__in=self.threads)
        return list(rows.order_by().values_list("conversation", flat=True).distinct())

    def count(self, **numbers: int) -> None:
        self.gone.counts += Counter({name: number for name, number in numbers.items() if number > 0})
