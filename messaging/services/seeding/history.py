"""The messages of all threads in the order in which they came, as an inbox that lived would hold them."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.conf import settings

from accounts.feed import change
from accounts.models import Change, Usage
from accounts.providers.events import MessageType
from media.models import MediaFile
from messaging.models import Conversation, Message
from messaging.services.seeding import bulk, happenings, invention
from messaging.services.seeding.files import Files
from messaging.services.seeding.tenants import Size, Thread

Direction = Message.Direction
MOST_THREADS = 1 << 24
CHUNK = 5_000
PLACE = {"latitude": -23.55, "longitude": -46.63, "name": "Mercado", "address": "Rua das Palmeiras, 12"}


@dataclass(slots=True)
class History:
    chance: Random
    now: datetime
    files: Files
    changes: list[Change] = field(default_factory=list)
    usage: Counter[tuple[int, Any, str, str]] = field(default_factory=Counter)
    waiting: dict[type[Any], list[Any]] = field(default_factory=lambda: defaultdict(list))

    def write(self, threads: list[Thread], size: Size) -> Iterator[int]:
        """Yields how many messages more have been written."""
        order = self._order(threads)
        ids, media_ids = bulk.reserve(Message, size.messages), bulk.reserve(MediaFile, size.media)
        left, left_media = size.messages, size.media
        for (moment, thread), pk in zip(order, ids, strict=True):
            has_media = self.chance.random() * left < left_media
            self._add(pk, moment, thread, next(media_ids) if has_media else None)
            left, left_media = left - 1, left_media - has_media
            if left % CHUNK == 0:
                yield len(self.waiting[Message])
                self._flush()

    def _order(self, threads: list[Thread]) -> Iterator[tuple[datetime, Thread]]:
        """Time and thread in one number: a million of them sort fast and take little room."""
        packed = [
            ago * MOST_THREADS + place
            for place, thread in enumerate(threads)
            for ago in invention.moments(self.chance, thread.left, now=self.now)
        ]
        packed.sort(reverse=True)
        start = self.now.replace(microsecond=0)
        for number in packed:
            ago, place = divmod(number, MOST_THREADS)
            yield start - timedelta(seconds=ago), threads[place]

    def _add(self, pk: int, moment: datetime, thread: Thread, media_id: int | None) -> None:
        message = self._message(pk, moment, thread)
        rows: list[Any] = []
        if media_id:
            message.media, rows = self.files.make(media_id, thread, message)
            message.type = MessageType(message.media.kind)
            message.text = message.text if self.chance.random() < 0.2 else ""
            rows = [message.media, *rows]
        if message.direction == Direction.OUTBOUND:
            author = self.chance.choice(thread.tenant.staff[1:]) if self.chance.random() < 0.8 else None
            rows += happenings.send(self.chance, message, author, now=self.now)
        rows += happenings.afterwards(self.chance, message, thread)
        for row in (message, *rows):
            self.waiting[type(row)].append(row)
        self._note(message, thread)

    def _message(self, pk: int, moment: datetime, thread: Thread) -> Message:
        thread.inbound = thread.left <= thread.unread or self.chance.random() < (
            0.65 if thread.inbound else 0.5
        )
        message = Message(
            pk=pk,
            conversation=thread.conversation,
            provider_message_id=f"3EB0{pk:016X}",
            direction=Direction.INBOUND if thread.inbound else Direction.OUTBOUND,
            sender=self.chance.choice(thread.members) if thread.inbound else None,
            type=MessageType.TEXT,
            text=invention.text(self.chance),
            sent_at=moment,
            received_at=moment + timedelta(seconds=self.chance.randrange(3)),
        )
        if thread.last_id and self.chance.random() < 0.04:
            message.reply_to_id = thread.last_id
        if self.chance.random() < 0.01:
            message.type, message.text, message.payload = MessageType.LOCATION, "Mercado", PLACE
        return message

    def _note(self, message: Message, thread: Thread) -> None:
        thread.left, thread.last_id = thread.left - 1, message.provider_message_id or ""
        thread.conversation.last_message_at = message.sent_at
        if thread.inbound:
            thread.conversation.last_inbound_at = message.sent_at
        instance, at = thread.conversation.instance, message.received_at
        month = at.date().replace(day=1)
        self.usage[instance.pk, month, message.type, message.direction] += 1
        if message.media and message.media.is_ready:
            self.usage[instance.pk, month, message.type, "files"] += 1
            self.usage[instance.pk, month, message.type, "bytes"] += message.media.size or 0
        if at > self.now - timedelta(days=settings.FEED_DAYS):
            self.changes.append(
                change(instance, Change.Topic.MESSAGE, message.pk, Change.Action.CREATED, at=at)
            )

    def _flush(self) -> None:
        """Files and messages before what points to them."""
        for model in sorted(self.waiting, key=lambda model: (model is not MediaFile, model is not Message)):
            bulk.write(self.waiting[model])
        self.waiting.clear()

    def usage_rows(self) -> list[Usage]:
        rows: dict[tuple[int, Any, str], Usage] = {}
        for (instance, month, kind, counted), number in self.usage.items():
            empty = Usage(instance_id=instance, month=month, kind=kind)
            setattr(rows.setdefault((instance, month, kind), empty), counted, number)
        return list(rows.values())


def note_unread(chance: Random, thread: Thread) -> None:
    """Every fifth one was written to since somebody looked."""
    if chance.random() < 0.2:
        thread.unread = min(thread.left, 1 + int(chance.expovariate(0.4)))


def settle(chance: Random, conversation: Conversation, thread: Thread, *, now: datetime) -> None:
    """How a conversation stands after its last message."""
    last = conversation.last_message_at or now
    conversation.unread_count, conversation.created_at = thread.unread, last
    if now - last > timedelta(days=14) and not thread.unread and chance.random() < 0.7:
        conversation.status = Conversation.Status.CLOSED
    elif chance.random() < 0.4:
        conversation.assigned_to = chance.choice(thread.tenant.staff[1:])
