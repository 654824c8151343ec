"""Erasing one person, in bounded batches: each is a transaction that says on the receipt how far it is.

Killed anywhere, it goes on where it was; done twice, the second time finds nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog
from django.db import transaction

from accounts import audit, feed
from accounts.audit import Action
from accounts.models import Client, User
from media.models import MediaFile
from messaging.models import Contact, ContactAlias, Message, Note, PurgeReceipt, Reaction
from messaging.services import receipts
from messaging.services.contacts import phone_family
from messaging.services.erasing import others, own
from messaging.services.erasing.folders import leave_no_folder
from messaging.services.erasing.job import Job
from messaging.services.holds import IsHeld, hold_on, take_turns
from messaging.services.receipts import Cause

log = structlog.get_logger(__name__)

Step = Callable[[Job, int], int | None]
STEPS: dict[str, Step] = {
    "names": own.bury,
    "exports": own.take_back_exports,
    # Once now, while it can be seen where they took part, and once for what is told meanwhile.
    "told": others.clear_deliveries,
    "conversations": own.remove_conversations,
    "groups": own.empty_messages,
    "reactions": own.remove_reactions,
    "files": own.remove_unsent_files,
    "folders": leave_no_folder,
    "messages": others.scrub_messages,
    "titles": others.scrub_titles,
    "statuses": others.remove_receipts,
    "webhooks": others.remove_webhooks,
    "deliveries": others.clear_deliveries,
    "history": others.forget_history,
    # Whoever asked for one meanwhile may have them in it.
    "late exports": own.take_back_exports,
    "contact": own.remove_contact,
}
ORDER = list(STEPS)


def find_contact(client: Client, phone: str) -> Contact | None:
    digits = "".join(letter for letter in phone if letter.isdigit())
    forms = {form for number in (digits, f"55{digits}") for form in phone_family(number)}
    row = ContactAlias.objects.filter(client=client, kind="phone", value__in=forms)
    found: ContactAlias | None = row.select_related("contact").first()
    return found.contact if found else None


def preview(contact: Contact) -> "Counter[str]":
    """What goes for certain; what others' rows say of the person is found on the way."""
    job = Job(PurgeReceipt(), contact, contact.created_at)
    direct = Message.objects.filter(conversation__in=job.threads)
    groups = Message.objects.filter(sender=contact).exclude(conversation__in=job.threads)
    files = MediaFile.objects.filter(message__in=direct) | MediaFile.objects.filter(message__in=groups)
    return Counter(
        conversations=len(job.threads),
        messages=direct.count(),
        messages_emptied=groups.count(),
        media=files.count(),
        reactions=Reaction.objects.filter(actor=contact).count(),
        notes=Note.objects.filter(conversation__in=job.threads).count(),
        names=len(job.aliases),
    )


def request_erasure(contact: Contact, *, by: User | None, now: datetime) -> PurgeReceipt:
    """The receipt by which the worker, or the command, does it. Raises IsHeld."""
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=contact.client_id)
        if hold := hold_on(contact):
            raise IsHeld(hold)
        waiting = receipts.unfinished(Cause.ERASURE, client=contact.client_id, subject=contact.pk).first()
        if waiting is not None:
            return waiting  # type: ignore[no-any-return]
        facts = {"client_id": contact.client_id, "subject": contact.pk, "by": by, "started_at": now}
        made = PurgeReceipt.objects.create(cause=Cause.ERASURE, **facts)
        audit.note(Action.DATA_ERASED, made, by=by, at=now, contact=contact.pk)
    log.info("erasure begins", receipt=made.pk, client=made.client_id)
    return made


def erase(receipt: PurgeReceipt, *, now: Callable[[], datetime]) -> Iterator[str]:
    """To its end; yields the name of the step after each batch. Raises IsHeld."""
    while step := erase_some(receipt.pk, now=now()):
        yield step


def erase_some(pk: int, *, now: datetime) -> str:
    """One batch, and the name of its step; nothing when it is finished."""
    with feed.collecting():
        receipt = receipts.locked(pk)
        if receipt is None:
            return ""
        contact = Contact.objects.filter(pk=receipt.subject or 0, client=receipt.client_id).first()
        if contact is None:
            receipts.finish(receipt, now=now)
            log.info("erasure finished", receipt=pk, client=receipt.client_id)
            return ""
        take_turns(contact.client_id)
        if hold := hold_on(contact):
            raise IsHeld(hold)
        return _batch(Job(receipt, contact, now))


def _batch(job: Job) -> str:
    cursor = job.receipt.cursor or {"step": ORDER[0], "after": 0}
    name = cursor["step"]
    following = STEPS[name](job, cursor["after"])
    if following is None:
        rest = ORDER[ORDER.index(name) + 1 :]
        job.receipt.cursor = {"step": rest[0], "after": 0} if rest else {}
    else:
        job.receipt.cursor = {"step": name, "after": following} if following >= 0 else {}
    receipts.add(job.receipt, job.gone.counts, size=job.gone.bytes, lines=job.gone.lines)
    return str(name)
