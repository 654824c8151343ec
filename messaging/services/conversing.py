"""What people do with a conversation that its other side never hears of. Every change is told to the feed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _

from accounts import audit
from accounts.audit import Action
from accounts.feed import collecting
from accounts.models import Client, User, WhatsappInstance
from messaging.models import Contact, Conversation, Label, Note
from messaging.services.holds import keep_whole
from messaging.services.telling import tell_conversation

Status = Conversation.Status
COLUMNS = ("status", "assigned_to")


class DoesNotFit(Exception):
    """``field`` of what was asked for names something that cannot be."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


def assignable(conversation: Conversation) -> Any:
    people = User.objects.filter(is_active=True, memberships__client=conversation.instance.client_id)
    return people.distinct()


@collecting()
def alter(conversation: Conversation, facts: Mapping[str, Any], *, now: datetime) -> None:
    """``facts``: ``status``, ``assigned_to`` as a user's id or None, ``labels`` as ids; what is left out stays."""
    # It may have been merged into another one since it was read.
    Conversation.objects.select_for_update(no_key=True, of=("self",)).only("pk").get(pk=conversation.pk)
    before = conversation.status, conversation.assigned_to_id
    if "status" in facts:
        conversation.status = Status(facts["status"])
    if "assigned_to" in facts:
        conversation.assigned_to_id = _assignee(conversation, facts["assigned_to"])
    # Only these: the counters belong to the worker.
    conversation.save(update_fields=[name for name in COLUMNS if name in facts])
    if "labels" in facts:
        conversation.labels.set(_labels(conversation, facts["labels"]))
    if facts:
        _note(conversation, facts, before, now)
        _tell([conversation], now)


def _note(
    conversation: Conversation, facts: Mapping[str, Any], before: tuple[str, int | None], now: datetime
) -> None:
    status, assignee = before
    if conversation.status != status:
        is_closed = conversation.status == Status.CLOSED
        audit.note(
            Action.CONVERSATION_CLOSED if is_closed else Action.CONVERSATION_REOPENED, conversation, at=now
        )
    if conversation.assigned_to_id != assignee:
        to = conversation.assigned_to_id or 0
        audit.note(Action.CONVERSATION_ASSIGNED, conversation, at=now, to=to)
    if "labels" in facts:
        labels = ", ".join(str(pk) for pk in sorted(facts["labels"]))
        audit.note(Action.CONVERSATION_LABELLED, conversation, at=now, labels=labels)


def open_again(conversation: Conversation, *, now: datetime) -> None:
    alter(conversation, {"status": Status.OPEN}, now=now)


def close(conversation: Conversation, *, now: datetime) -> None:
    alter(conversation, {"status": Status.CLOSED}, now=now)


def assign(conversation: Conversation, user: int | None, *, now: datetime) -> None:
    alter(conversation, {"assigned_to": user}, now=now)


@collecting()
def write_note(conversation: Conversation, text: str, *, by: User, now: datetime) -> Note:
    note = Note.objects.create(conversation=conversation, author=by, text=text, created_at=now)
    audit.note(Action.NOTE_WRITTEN, conversation, by=by, at=now, note=note.pk)
    _tell([conversation], now)
    return note


@collecting()
def delete_note(note: Note, *, now: datetime) -> None:
    """Raises IsHeld."""
    keep_whole(note.conversation_id)
    audit.note(Action.NOTE_DELETED, note.conversation, at=now, note=note.pk)
    note.delete()
    _tell([note.conversation], now)


@transaction.atomic
def make_label(client: Client, **facts: Any) -> Label:
    label = _saved(Label(client=client, **facts))
    audit.note(Action.LABEL_CREATED, label)
    return label


@collecting()
def alter_label(label: Label, facts: Mapping[str, Any], *, now: datetime) -> None:
    for name, value in facts.items():
        setattr(label, name, value)
    _saved(label)
    audit.note(Action.LABEL_CHANGED, label, at=now, fields=", ".join(sorted(facts)))
    _tell(label.conversations.order_by(), now)


@collecting()
def delete_label(label: Label, *, now: datetime) -> None:
    labelled = list(label.conversations.order_by())
    audit.note(Action.LABEL_DELETED, label, at=now)
    label.delete()
    _tell(labelled, now)


@collecting()
def rename_contact(contact: Contact, name: str, *, now: datetime) -> None:
    Contact.objects.filter(pk=contact.pk).update(name=name)
    contact.name = name
    audit.note(Action.CONTACT_CHANGED, contact, at=now, fields="name")
    _tell(contact.conversations.order_by(), now)


def _assignee(conversation: Conversation, user: int | None) -> int | None:
    if user is not None and not assignable(conversation).filter(pk=user).exists():
        raise DoesNotFit("assigned_to", _("There is no such user among the client's members."))
    return user


def _labels(conversation: Conversation, wanted: Iterable[int]) -> list[Label]:
    ids = set(wanted)
    found = list(Label.objects.filter(client=conversation.instance.client_id, pk__in=ids))
    if len(found) != len(ids):
        raise DoesNotFit("labels", _("The client has no such label."))
    return found


def _saved(label: Label) -> Label:
    try:
        with transaction.atomic():
            label.save()
    except IntegrityError as exc:
        raise DoesNotFit("name", _("The client has a label with this name.")) from exc
    return label


def _tell(conversations: Iterable[Conversation], now: datetime) -> None:
    rows = list(conversations)
    prefetch_related_objects(rows, Prefetch("instance", WhatsappInstance.objects.sealed()))
    for row in rows:
        tell_conversation(row, now)
