"""From the database to the next part of an export: a bounded piece of it, and where the one after it begins."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Prefetch, Q

from accounts.models import User, WhatsappInstance
from accounts.paging import Place, beyond
from accounts.providers.events import ChatKind
from media.models import MediaFile
from messaging.models import Contact, Conversation, Export, Message, Note, Reaction
from messaging.serializers import ContactSerializer, ConversationSerializer, MessageSerializer, NoteSerializer
from messaging.services.exporting.contents import (
    Absent,
    Page,
    Plan,
    Stored,
    folder_of_export,
    path_of,
    thread_folder,
)

PAGE = 500
# What a part holds at most, but for one page and its files.
MESSAGES_A_PART = 1_000
BYTES_A_PART = 64 * 1024**2
THREADS_A_PART = 200
PEOPLE_A_PAGE = REACTIONS_A_PAGE = 1_000
# Addresses of this system mean nothing outside of it.
OF_THIS_HOST = ("content_url", "renditions", "has_thumbnail", "next_attempt_at", "expires_at")
# The newest message may be somebody else's.
OF_LISTS = ("last_message", "window", "unread_count")
Scope = Export.Scope


@dataclass(slots=True)
class _Cursor:
    """``step`` is people, reactions, threads, end. ``thread`` is where reading goes on, ``place`` after what in it."""

    step: str = "people"
    after: int = 0
    thread: int = 0
    place: str = ""
    page: int = 0
    seen: int = 0

    def told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def threads_of(export: Export) -> Any:
    """The conversations that belong in it. Of a person: their own, and groups in which they wrote."""
    rows = Conversation.objects.filter(instance__client=export.client_id).order_by("pk")
    if export.scope == Scope.CONVERSATION:
        return rows.filter(pk=export.conversation_id or 0)
    if export.scope == Scope.CONTACT:
        if export.contact_id is None:
            return rows.none()
        wrote = Message.objects.filter(conversation=OuterRef("pk"), sender=export.contact_id)
        return rows.filter(Q(contact=export.contact_id) | Exists(wrote))
    return rows


def messages_in(export: Export, conversation: Conversation) -> Any:
    """Of a person's groups what they wrote themselves: what others wrote there is not theirs to take along."""
    rows = Message.objects.filter(conversation=conversation)
    if export.scope == Scope.CONTACT and conversation.kind != ChatKind.DIRECT:
        return rows.filter(sender=export.contact_id)
    return rows


def count_messages(export: Export) -> int:
    rows = Message.objects.filter(conversation__in=threads_of(export).values("pk"))
    if export.scope == Scope.CONTACT:
        own = Q(conversation__contact=export.contact_id, conversation__kind=ChatKind.DIRECT)
        rows = rows.filter(own | Q(sender=export.contact_id))
    return int(rows.aggregate(n=Count("pk"))["n"])


def plan(export: Export, *, now: datetime) -> Plan:
    cursor = _Cursor(**export.cursor)
    found = Plan(
        export=export.pk,
        place=export.size,
        number=len(export.part_sizes) + 1,
        mark=token_hex(8),
        before=export.marks,
        folder=folder_of_export(export.client_id, export.pk),
        made_at=now,
        language=_language(export.requested_by),
        facts=_facts(export),
    )
    if cursor.step == "people":
        _plan_people(export, found, cursor)
    elif cursor.step == "reactions":
        _plan_reactions(export, found, cursor)
    elif cursor.step == "threads":
        _plan_threads(export, found, cursor)
    if cursor.step != "end" or found.pages or found.people:
        found.cursor = cursor.told()
    return found


def _facts(export: Export) -> dict[str, Any]:
    of = {Scope.CONVERSATION: export.conversation_id, Scope.CONTACT: export.contact_id}
    return {
        "export": export.pk,
        "scope": str(export.scope),
        "of": of.get(Scope(export.scope), export.client_id),
        "client": {"id": export.client_id, "name": export.client.name, "slug": export.client.slug},
        "requested_at": export.created_at.isoformat(),
    }


def _language(user: User | None) -> str:
    return getattr(user, "language", "") or settings.LANGUAGE_CODE


def _plan_people(export: Export, found: Plan, cursor: _Cursor) -> None:
    rows = Contact.objects.filter(client=export.client_id, pk__gt=cursor.after).order_by("pk")
    if export.scope == Scope.CONTACT:
        rows = rows.filter(pk=export.contact_id or 0)
    if export.scope == Scope.CONVERSATION:
        rows = rows.filter(conversations=export.conversation_id or 0)
    people = list(rows[:PEOPLE_A_PAGE])
    found.people = list(ContactSerializer(people, many=True).data)
    found.people_page = cursor.page + 1
    if len(people) == PEOPLE_A_PAGE:
        cursor.after, cursor.page = people[-1].pk, cursor.page + 1
    else:
        step = "reactions" if export.scope == Scope.CONTACT else "threads"
        cursor.step, cursor.after, cursor.page = step, 0, 0


def _plan_reactions(export: Export, found: Plan, cursor: _Cursor) -> None:
    """A person's, to what others wrote in groups; those in their own conversations stand beside the messages."""
    mine = Reaction.objects.filter(actor=export.contact_id or 0, pk__gt=cursor.after).order_by("pk")
    own = Q(message__conversation__contact=export.contact_id, message__conversation__kind=ChatKind.DIRECT)
    rows = list(mine.exclude(own).select_related("message__conversation")[:REACTIONS_A_PAGE])
    found.reactions = [_reaction(row) for row in rows]
    found.reactions_page = cursor.page + 1
    if len(rows) == REACTIONS_A_PAGE:
        cursor.after, cursor.page = rows[-1].pk, cursor.page + 1
    else:
        cursor.step, cursor.after, cursor.page = "threads", 0, 0


def _reaction(row: Reaction) -> dict[str, Any]:
    conversation = row.message.conversation
    facts = {"conversation": conversation.pk, "title": conversation.title, "message": row.message_id}
    return facts | {"emoji": row.emoji, "occurred_at": row.occurred_at}


def _plan_threads(export: Export, found: Plan, cursor: _Cursor) -> None:
    messages = size = threads = 0
    while messages < MESSAGES_A_PART and size < BYTES_A_PART and threads < THREADS_A_PART:
        conversation = _next_thread(export, cursor)
        if conversation is None:
            cursor.step = "end"
            return
        page = _page(export, conversation, cursor)
        found.pages.append(page)
        messages += len(page.messages)
        size += sum(one.size for one in page.files)
        threads += page.is_last


def _next_thread(export: Export, cursor: _Cursor) -> Conversation | None:
    """The one that is being read, or the first after it; it may be gone by now."""
    rows = threads_of(export).select_related("contact", "assigned_to")
    lines = Prefetch("instance", WhatsappInstance.objects.sealed().select_related("client"))
    rows = rows.prefetch_related(lines, "contact__aliases")
    found: Conversation | None = None
    if cursor.thread:
        found = rows.filter(pk=cursor.thread).first()
    if found is None:
        found = rows.filter(pk__gt=max(cursor.after, cursor.thread)).first()
        cursor.thread, cursor.place, cursor.page, cursor.seen = found.pk if found else 0, "", 0, 0
    return found


def _page(export: Export, conversation: Conversation, cursor: _Cursor) -> Page:
    looks = ConversationSerializer(conversation).data
    rows = messages_in(export, conversation)
    place = Place.read(cursor.place)
    if place:
        rows = beyond(rows, "sent_at", place, older=False)
    read = list(MessageSerializer.with_related(rows).order_by("sent_at", "id")[: PAGE + 1])
    shown, more = read[:PAGE], len(read) > PAGE
    page = Page(
        folder=thread_folder(conversation.pk, looks["title"], conversation.kind),
        title=looks["title"],
        kind=conversation.kind,
        number=cursor.page + 1,
        messages=[dict(row) for row in MessageSerializer(shown, many=True).data],
        conversation=_head(export, conversation, looks) if not cursor.page else None,
        is_last=not more,
        seen=cursor.seen + len(shown),
    )
    _add_files(page, shown)
    if more:
        cursor.place, cursor.page, cursor.seen = str(Place.of(shown[-1], "sent_at")), page.number, page.seen
    else:
        cursor.after, cursor.thread = conversation.pk, 0
    return page


def _head(export: Export, conversation: Conversation, looks: Any) -> dict[str, Any]:
    """What the client's people noted of a conversation concerns its other side; a group's notes concern many."""
    whole = export.scope != Scope.CONTACT or conversation.kind == ChatKind.DIRECT
    notes = (
        Note.objects.filter(conversation=conversation).select_related("author").order_by("created_at", "id")
    )
    facts = {name: value for name, value in looks.items() if name not in OF_LISTS}
    return facts | {"notes": list(NoteSerializer(notes, many=True).data) if whole else []}


def _add_files(page: Page, messages: list[Message]) -> None:
    for message, told in zip(messages, page.messages, strict=True):
        if message.media is None:
            continue
        media_file: MediaFile = message.media
        media = {name: value for name, value in told["media"].items() if name not in OF_THIS_HOST}
        told["media"] = media | {"file": None}
        facts = {"media": media_file.pk, "message": message.pk}
        if media_file.is_ready:
            path = path_of(media_file)
            told["media"]["file"] = path
            name, size = str(media_file.file.name), media_file.size or 0
            page.files.append(Stored(**facts, name=name, size=size, path=path))
        else:
            reason = media_file.error or media_file.state
            page.absent.append(Absent(**facts, state=media_file.state, reason=reason))
