"""From a provider's events to contacts, conversations and messages.

Applying the same events any number of times, in any order, changes nothing after the first time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import structlog

from accounts import feed
from accounts.feed import Action, Topic
from accounts.models import Change, Client, WhatsappInstance
from accounts.providers.events import (
    ChatKind,
    ConnectionChanged,
    Event,
    IdentityChanged,
    LineTrouble,
    MessageChange,
    MessageReceived,
    MessageStatus,
    MessageType,
    Party,
    StatusChanged,
)
from accounts.services import note_connection, raise_alarm
from media import services as media
from media.models import MediaFile
from messaging.models import Conversation, Message, WebhookEvent
from messaging.services import changes
from messaging.services.contacts import People
from messaging.services.introducing import met
from messaging.services.sending import pacing
from messaging.services.sending.identifying import adopt_echo, adopt_tagged, is_a_send, shows_an_earlier_try
from messaging.services.threads import Threads
from messaging.services.tombstones import forgotten

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Told(Generic[E]):
    """One event, the webhook event that brought it, and the instance it is about."""

    event: E
    webhook: WebhookEvent
    instance: WhatsappInstance


class Receiving:
    """One batch of events of one client, applied inside the caller's transaction, which is ``feed.collecting``."""

    def __init__(self, client: Client, told: list[Told[Event]], *, now: datetime) -> None:
        self.now = now
        erased = forgotten(client, told)
        # Webhook events that brought what is not to come back.
        self.dropped = {told[position].webhook.pk for position in erased}
        self.purged: set[int] = set()
        told = [one for position, one in enumerate(told) if position not in erased]
        self.told = told
        self.received = _only(told, MessageReceived)
        self.changed = _only(told, MessageChange)
        self.people = People(client, _parties(one.event for one in told))
        self.threads = Threads(self.people)
        self.messages: dict[str, dict[int, Message]] = {}
        self.instances = {one.instance.pk: one.instance for one in told}
        self.touched: list[Message] = []

    def apply(self) -> list[Message]:
        """Who is who first, so that nothing read afterwards is merged away; returns the messages that are new."""
        self._settle_people()
        self._read_messages()
        if self._join_people():
            self._read_messages()
        new = self._keep_messages()
        self._apply_changes()
        self._note_lines()
        self._tell(new)
        return new

    def sources(self) -> dict[str, str | None]:
        """Where the events of messages came from, by the provider's ids."""
        return {one.event.message_id: one.webhook.source for one in self.received}

    def _settle_people(self) -> None:
        for identity in _only(self.told, IdentityChanged):
            self.people.link(identity.event.before, identity.event.after)
        parties = met(one.event for one in self.told)
        self.people.meet(parties)
        for party in parties:
            self.people.find(party)

    def _read_messages(self) -> None:
        self.messages.clear()
        named = {one.event.message_id for one in self.received}
        named |= {one.event.message_id for one in self.changed}
        rows = Message.objects.filter(
            provider_message_id__in=named, conversation__instance__in=self.instances
        )
        for message in rows.select_related("conversation", "media"):
            self._remember(message)

    def _join_people(self) -> int:
        """An echo may name somebody by an alias that we do not know, but its message is one that we sent them."""
        found = [
            (one.event.chat.contact, message.conversation)
            for one in self.received
            if one.event.from_me and one.event.chat.contact
            for message in self.messages.get(one.event.message_id, {}).values()
            if message.direction == Message.Direction.OUTBOUND
            and message.conversation.kind == ChatKind.DIRECT
            and message.conversation.instance_id == one.instance.pk
            and message.conversation.contact_id != self.people.find(one.event.chat.contact).pk
            and is_a_send(message)
        ]
        for party, thread in found:
            self.people.join(party, thread)
        return len(found)

    def _remember(self, message: Message) -> None:
        self.messages.setdefault(str(message.provider_message_id), {})[message.conversation_id] = message

    def _keep_messages(self) -> list[Message]:
        self.threads.read((one.instance, one.event.chat) for one in self.received)
        new: list[Message] = []
        for one in self.received:
            thread = self.threads.find(one.instance, one.event.chat)
            known = self.messages.get(one.event.message_id, {}).get(thread.pk)
            if not known and self._was_purged(one, thread):
                self.purged.add(one.webhook.pk)
            elif known and not self._is_author(known, one.event):
                log.warning("message id of another's message", message=known.pk, webhook_event=one.webhook.pk)
            elif known:
                self._came_again(known, one)
            elif shows_an_earlier_try(thread, one.event):
                continue
            elif ours := adopt_echo(thread, one.event, self.now):
                self._remember(ours)
            else:
                message = self._new_message(one, thread)
                new.append(message)
                self._remember(message)
        MediaFile.objects.bulk_create([message.media for message in new if message.media])
        Message.objects.bulk_create(new)
        self.threads.write()
        changes.adopt_statuses(new)
        return new

    def _new_message(self, one: Told[MessageReceived], thread: Conversation) -> Message:
        event = one.event
        message = Message(
            conversation=thread,
            provider_message_id=event.message_id,
            direction=Message.Direction.OUTBOUND if event.from_me else Message.Direction.INBOUND,
            sender=self.people.find(event.sender) if event.sender and not event.from_me else None,
            reply_to_id=event.reply_to_id,
            sent_at=event.sent_at or one.webhook.received_at,
            received_at=one.webhook.received_at,
            status=MessageStatus.SENT if event.from_me else "",
        )
        self._fill(message, one)
        self.threads.arrived(thread, event.chat, at=message.sent_at, unread=not event.from_me)
        return message

    def _fill(self, message: Message, one: Told[MessageReceived]) -> None:
        event = one.event
        message.type, message.text, message.payload = event.type, event.text, event.payload
        if event.media:
            message.media = media.new_media_file(
                instance=one.instance,
                chat_id=event.chat.id,
                media=event.media,
                received_at=one.webhook.received_at,
                now=self.now,
            )

    def _was_purged(self, one: Told[MessageReceived], thread: Conversation) -> bool:
        """Retention took what was sent then, so this comes too late."""
        until = thread.purged_until
        return until is not None and (one.event.sent_at or one.webhook.received_at) <= until

    def _is_author(self, message: Message, event: MessageReceived) -> bool:
        """Senders choose the ids of their messages, so a known one proves nothing."""
        if event.from_me != (message.direction == Message.Direction.OUTBOUND):
            return False
        author = self.people.find(event.sender) if event.sender and not event.from_me else None
        return author is None or message.sender_id in (None, author.pk)

    def _came_again(self, message: Message, one: Told[MessageReceived]) -> None:
        """A second copy may be readable where the first was not, or know a better source for the file."""
        event = one.event
        if message.type == MessageType.UNSUPPORTED and event.type != MessageType.UNSUPPORTED:
            self._fill(message, one)
            if message.pk:
                _save_content(message)
                self.touched.append(message)
        elif event.media and message.media and message.media.pk:
            media.learn_source(message.media, event.media, now=self.now)

    def _apply_changes(self) -> None:
        statuses = []
        for one in self.changed:
            message = self._target(one)
            if isinstance(one.event, StatusChanged):
                message = message or adopt_tagged(one.instance, one.event, self.now)
                statuses.append((one.instance, one.event, message, one.webhook.received_at))
            elif message:
                if changes.apply_change(message, one.event, self.people, one.webhook.received_at):
                    self.touched.append(message)
            else:
                changes.keep_for_later(one.instance, one.event, one.webhook)
        self.touched += changes.keep_statuses(statuses)

    def _target(self, one: Told[MessageChange]) -> Message | None:
        of_line = [
            message
            for message in self.messages.get(one.event.message_id, {}).values()
            if message.conversation.instance_id == one.instance.pk
        ]
        fitting = [message for message in of_line if changes.belongs(message, one.event, self.people)]
        if not fitting and isinstance(one.event, StatusChanged):
            fitting = of_line  # a status may name the chat by an alias that is not known yet
        return fitting[0] if fitting else None

    def _note_lines(self) -> None:
        for connection in _only(self.told, ConnectionChanged):
            at = connection.event.occurred_at or connection.webhook.received_at
            self._connected(connection.instance, connection.event.connected, connection.event.phone, at)
        wrote: dict[int, datetime] = {}
        for one in self.received:
            if one.instance.status != WhatsappInstance.Status.CONNECTED and (sent := one.event.sent_at):
                wrote[one.instance.pk] = max(sent, wrote.get(one.instance.pk, sent))
        for pk, newest in wrote.items():
            self._connected(self.instances[pk], True, "", newest)
        for trouble in _only(self.told, LineTrouble):
            at = trouble.event.occurred_at or trouble.webhook.received_at
            raise_alarm(trouble.instance, f"{trouble.event.code}: {trouble.event.reason}", now=at)

    def _tell(self, new: list[Message]) -> None:
        """A conversation before its messages: whoever is told of one can show it."""
        for thread, action in self.threads.touched():
            self._tell_of(Topic.CONVERSATION, thread.pk, action, thread)
        for message in new:
            self._tell_of(Topic.MESSAGE, message.pk, Action.CREATED, message.conversation)
        for message in self.touched:
            self._tell_of(Topic.MESSAGE, message.pk, Action.UPDATED, message.conversation)

    def _tell_of(self, topic: Change.Topic, pk: int, action: Change.Action, thread: Conversation) -> None:
        instance = self.instances[thread.instance_id]
        feed.tell([feed.change(instance, topic, pk, action, at=self.now)])

    def _connected(self, instance: WhatsappInstance, connected: bool, phone: str, at: datetime) -> None:
        # A clock that runs ahead must not outweigh what is learned later.
        news = note_connection(instance, connected=connected, phone=phone, at=min(at, self.now))
        if news and connected:
            media.resume(instance, now=self.now)
            pacing.resume(instance)


def _only(told: Iterable[Told[Event]], kind: type[E]) -> list[Told[E]]:
    return [one for one in told if isinstance(one.event, kind)]  # type: ignore[misc]


def _parties(events: Iterable[Event]) -> Iterable[Party]:
    for event in events:
        if isinstance(event, IdentityChanged):
            yield from (event.before, event.after)
        chat = getattr(event, "chat", None)
        yield from (party for party in (getattr(event, "sender", None), chat and chat.contact) if party)


def _save_content(message: Message) -> None:
    if message.media and not message.media.pk:
        message.media.save()
    message.save(update_fields=["type", "text", "payload", "media"])
