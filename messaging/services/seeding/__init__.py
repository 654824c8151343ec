"""A large inbox out of nothing: what front ends are built on and what measurements need."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from django.db import transaction

from accounts.feed import tell
from accounts.models import Client
from media.services import recounting
from messaging.models import Conversation, Note
from messaging.services.seeding import bulk, invention
from messaging.services.seeding.files import Files
from messaging.services.seeding.history import History, note_unread, settle
from messaging.services.seeding.tenants import Size, Thread, ours, tenants, threads

__all__ = ["Size", "has_foreign_clients", "seed"]


def has_foreign_clients() -> bool:
    return Client.objects.exclude(slug__in=ours()).exists()


def seed(size: Size, *, now: datetime) -> Iterator[int]:
    """All of it or nothing; yields how many messages more are there. The same size makes the same texts."""
    chance = Random(size.messages)
    bulk.make_room()
    history = History(chance, now, Files(chance, now))
    with transaction.atomic():
        found = threads(chance, size, tenants(chance, size.clients, now=now), now=now)
        for thread in found:
            note_unread(chance, thread)
        yield from history.write(found, size)
        _write_conversations(chance, found, now=now)
        bulk.write(history.usage_rows())
        history.files.keep()
        for client in {thread.conversation.instance.client_id for thread in found}:
            recounting.put_right(client)
        tell(history.changes)
    bulk.analyze()


def _write_conversations(chance: Random, found: list[Thread], *, now: datetime) -> None:
    """After their messages, whose last one says how they stand; foreign keys are looked at when all is written."""
    labelled, notes = [], []
    through = Conversation.labels.through
    for thread in found:
        conversation = thread.conversation
        settle(chance, conversation, thread, now=now)
        if chance.random() < 0.35:
            labels = chance.sample(thread.tenant.labels, chance.choice((1, 1, 2)))
            labelled += [through(conversation=conversation, label=label) for label in labels]
        if chance.random() < 0.1:
            notes.append(_note(chance, thread))
    bulk.write(thread.conversation for thread in found)
    bulk.write(labelled)
    bulk.write(notes)


def _note(chance: Random, thread: Thread) -> Note:
    return Note(
        conversation=thread.conversation,
        author=chance.choice(thread.tenant.staff),
        text=invention.text(chance),
        created_at=(thread.conversation.last_message_at or thread.conversation.created_at)
        + timedelta(minutes=1),
    )
