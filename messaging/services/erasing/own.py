"""What is the person's own: their conversations, what they wrote in groups, how they reacted, their files."""

from typing import Any

from django.db.models import Q

from accounts import feed
from accounts.feed import Action, Topic
from accounts.models import Change
from media.models import MediaFile
from media.services import holding
from media.services.discarding import discard
from messaging.models import (
    Conversation,
    Export,
    LegalHold,
    Message,
    Note,
    OutboxItem,
    Reaction,
    StatusChange,
)
from messaging.services import exporting
from messaging.services.erasing.job import BATCH, Job
from messaging.services.removing import discard_files, remove_messages, rows_of, tell_updated
from messaging.services.tombstones import bury_messages, bury_names

# What is left of a message whose author was erased: its place in the thread, and when it stood there.
EMPTIED: dict[str, Any] = {
    **dict.fromkeys(("provider_message_id", "sender", "media", "edited_at"), None),
    **dict.fromkeys(("text", "reply_to_id", "error"), ""),
}
REASON = "a person in it was erased"


def bury(job: Job, after: int) -> int | None:
    """First of all: from here on nothing old of theirs is taken in."""
    bury_names(job.client, job.aliases, until=job.now)
    return None


def take_back_exports(job: Job, after: int) -> int | None:
    """Whatever was exported of the client may hold them."""
    rows = Export.objects.filter(client=job.client).exclude(state=Export.State.EXPIRED)
    found = list(rows.order_by("pk")[:BATCH])
    job.count(exports=exporting.remove(found, REASON))
    return 0 if found else None


def remove_conversations(job: Job, after: int) -> int | None:
    """The messages; the conversations themselves go last, because what else tells of them is found by them."""
    mine = Message.objects.filter(conversation__in=job.threads).order_by("pk")
    gone, rows = remove_messages(list(mine.values_list("pk", flat=True)[:BATCH]), now=job.now)
    bury_messages(job.client, [(row.instance, row.provider_id) for row in rows if row.provider_id])
    job.gone.add(gone)
    if rows:
        return 0
    job.count(notes=Note.objects.filter(conversation__in=job.threads).delete()[0])
    return None


def empty_messages(job: Job, after: int) -> int | None:
    """In groups: the thread keeps its order, and whoever reads it sees that something was here."""
    chosen = Message.objects.filter(sender=job.contact).order_by("pk")
    rows = rows_of(list(chosen.values_list("pk", flat=True)[:BATCH]))
    if not rows:
        return None
    holding.lock({job.client})
    known = [(row.instance, row.provider_id) for row in rows if row.provider_id]
    bury_messages(job.client, known)
    _take_out_quotes(rows)
    pks = [row.pk for row in rows]
    OutboxItem.objects.filter(message__in=pks).delete()
    StatusChange.objects.filter(message__in=pks).delete()
    facts = {"payload": {}, "earlier_texts": [], "removal": Message.Removal.ALL, "removed_at": job.now}
    Message.objects.filter(pk__in=pks).update(**EMPTIED, **facts)
    job.gone.add(discard_files(rows, now=job.now))
    job.count(messages_emptied=len(rows))
    job.gone.lines += [row.line for row in rows]
    tell_updated(rows, job.now)
    return 0


def _take_out_quotes(rows: Any) -> None:
    """Answers repeat what they answer, and name it by an id in which Meta hides the number."""
    ids = {row.provider_id for row in rows if row.provider_id}
    answers = Message.objects.filter(conversation__in={row.conversation for row in rows}, reply_to_id__in=ids)
    for answer in answers.only("payload", "reply_to_id"):
        if isinstance(answer.payload, dict):
            answer.payload.pop("quoted", None)
        answer.reply_to_id = ""
        answer.save(update_fields=["payload", "reply_to_id"])


def remove_reactions(job: Job, after: int) -> int | None:
    rows = Reaction.with_removed.filter(actor=job.contact).order_by("pk")[:BATCH]
    found = list(rows.values_list("pk", "message"))
    if not found:
        return None
    Reaction.with_removed.filter(pk__in=[pk for pk, _ in found]).delete()
    tell_updated(rows_of([message for _, message in found]), job.now)
    job.count(reactions=len(found))
    return 0


def remove_unsent_files(job: Job, after: int) -> int | None:
    """Files of their conversations that no message names, such as uploads that were never sent."""
    for instance, chat in job.chats:
        rows = MediaFile.objects.filter(instance=instance, chat_id=chat, message=None).order_by("pk")
        pks = list(rows.values_list("pk", flat=True)[:BATCH])
        if chat and pks:
            freed = discard(pks, now=job.now)
            job.count(media=len(pks), files=freed.files)
            job.gone.bytes += freed.bytes
            return 0
    return None


def remove_contact(job: Job, after: int) -> int | None:
    """Last. Returns to the beginning when something came meanwhile."""
    if Message.objects.filter(conversation__in=job.threads).exists() or job.groups:
        return -1
    bury_names(job.client, job.aliases, until=job.now)
    rows = Conversation.objects.filter(pk__in=job.threads)
    told = [(row.pk, row.instance_id) for row in rows]
    # Lifted ones. One that is placed this very moment keeps its row, and with it this batch from being committed.
    lifted = LegalHold.objects.exclude(released_at=None)
    lifted.filter(Q(conversation__in=job.threads) | Q(contact=job.contact)).delete()
    rows.delete()
    job.contact.aliases.all().delete()
    job.count(conversations=len(told), contacts=1, names=len(job.aliases))
    job.contact.delete()
    feed.tell(_deleted(job, pk, instance) for pk, instance in told)
    return None


def _deleted(job: Job, pk: int, instance: int) -> Change:
    facts = {"client_id": job.client, "instance_id": instance, "occurred_at": job.now}
    return Change(topic=Topic.CONVERSATION, action=Action.DELETED, object_id=pk, **facts)
