"""What must stay: placing and lifting legal holds, and what they keep from being removed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.audit import Action
from accounts.models import Client, User
from accounts.providers.events import ChatKind
from messaging.models import Contact, Conversation, LegalHold, Message, Reaction

log = structlog.get_logger(__name__)


class IsHeld(Exception):
    """A legal hold is in force on it."""

    def __init__(self, hold: LegalHold) -> None:
        super().__init__(f"Legal hold {hold.pk} is in force.")
        self.hold = hold


def take_turns(client: int) -> None:
    """Until the end of the transaction: what is removed sees every hold, and a hold waits for the batch in hand."""
    Client.objects.select_for_update(no_key=True).get(pk=client)


def place(hold: LegalHold, *, by: User | None, now: datetime) -> LegalHold:
    hold.placed_by, hold.placed_at = by, now
    with transaction.atomic():
        take_turns(hold.client_id)
        hold.save(force_insert=True)
        audit.note(Action.HOLD_PLACED, hold, by=by, at=now, **_named(hold))
    log.info("legal hold placed", hold=hold.pk, client=hold.client_id)
    return hold


def lift(hold: LegalHold, *, by: User | None, now: datetime) -> bool:
    """False when it was lifted already."""
    facts = {"released_at": now, "released_by": by}
    if not LegalHold.objects.in_force().filter(pk=hold.pk).update(**facts):
        return False
    audit.note(Action.HOLD_LIFTED, hold, by=by, at=now, **_named(hold))
    log.info("legal hold lifted", hold=hold.pk, client=hold.client_id)
    return True


def _named(hold: LegalHold) -> dict[str, Any]:
    named = {"conversation": hold.conversation_id, "contact": hold.contact_id}
    return {name: pk for name, pk in named.items() if pk is not None}


def hold_on(contact: Contact) -> LegalHold | None:
    """The first that keeps anything of this person from being erased."""
    wrote_in = Message.objects.filter(sender=contact).order_by().values("conversation")
    reacted_in = Reaction.with_removed.filter(actor=contact).order_by().values("message__conversation")
    whole = Q(conversation=None, contact=None)
    theirs = Q(contact=contact) | Q(conversation__contact=contact)
    theirs |= Q(conversation__in=wrote_in) | Q(conversation__in=reacted_in)
    found: LegalHold | None = (
        LegalHold.objects.in_force().filter(whole | theirs, client=contact.client_id).first()
    )
    return found


def keep_whole(conversation: int) -> None:
    """Before a person removes something of it. Raises IsHeld."""
    client = Conversation.objects.values_list("instance__client", flat=True).get(pk=conversation)
    take_turns(client)
    whole = LegalHold.objects.in_force().filter(client=client, conversation=None, contact=None).first()
    if whole is not None:
        raise IsHeld(whole)
    leave_whole(client, [conversation])


def leave_whole(client: int, conversations: Iterable[int]) -> None:
    """Before anything in these is changed. Raises IsHeld."""
    if held_conversations(client).filter(pk__in=set(conversations)).exists():
        holds = LegalHold.objects.in_force().filter(client=client)
        raise IsHeld(holds.exclude(conversation=None, contact=None).latest("pk"))


def held_conversations(client: int) -> Any:
    """Ids of those of which nothing may go: held themselves, or somebody who is held is or wrote in there."""
    holds = LegalHold.objects.in_force().filter(client=client).order_by()
    contacts = holds.exclude(contact=None).values("contact")
    wrote_in = Message.objects.filter(sender__in=contacts).order_by().values("conversation")
    rows = Conversation.objects.filter(instance__client=client).order_by()
    held = Q(pk__in=holds.exclude(conversation=None).values("conversation"))
    held |= Q(contact__in=contacts, kind=ChatKind.DIRECT) | Q(pk__in=wrote_in)
    return rows.filter(held).values("pk")


def is_held(client: int) -> bool:
    """Whether nothing at all of this client may go."""
    return bool(LegalHold.objects.in_force().filter(client=client, conversation=None, contact=None).exists())
