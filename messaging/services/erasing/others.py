"""What others' rows say of the person: mentions, cards, quotes, receipts, raw webhooks, what was told to clients'
own systems, and the admin's history."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import BinaryField, F, Func, IntegerField, Max, Q, TextField, Value
from django.db.models.functions import Cast

from accounts.models import WhatsappInstance
from messaging.models import (
    Contact,
    Conversation,
    Message,
    OutboxItem,
    StatusChange,
    WebhookDelivery,
    WebhookEvent,
)
from messaging.services.erasing.job import WINDOW, Job
from messaging.services.holds import leave_whole
from messaging.services.removing import rows_of, tell_updated

MEMBERS = ("text", "payload", "earlier_texts", "error")
BODIES = 500
DELIVERIES = 1_000


class Holds(Func):
    """Whether bytes hold others; both databases find them without handing them over."""

    arity = 2
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="instr(%(expressions)s)", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        pair = self.copy()
        pair.set_source_expressions(list(reversed(self.get_source_expressions())))
        return pair.as_sql(
            compiler, connection, template="position(%(expressions)s)", arg_joiner=" in ", **extra
        )


def _window(rows: Any, after: int, size: int) -> tuple[Any, int | None]:
    """The rows with the next ids, and where the ones after them begin. Ids of others in between count as well."""
    last = rows.model._default_manager.aggregate(last=Max("pk"))["last"] or 0
    until = after + size
    return rows.filter(pk__gt=after, pk__lte=until), until if until < last else None


def scrub_messages(job: Job, after: int) -> int | None:
    """Numbers and ids are taken out of what others said; names only where they are all that is said, as on a card."""
    mine = Message.objects.filter(conversation__instance__client=job.client)
    rows, following = _window(mine, after, WINDOW)
    said = rows.annotate(
        in_payload=Cast("payload", TextField()), in_earlier=Cast("earlier_texts", TextField())
    )
    hints = [*job.marks.hints, *job.marks.names]
    wanted = Q()
    for hint in hints:
        escaped = json.dumps(hint)[1:-1]
        wanted |= Q(text__contains=hint) | Q(in_payload__contains=hint) | Q(in_earlier__contains=hint)
        wanted |= Q(in_payload__contains=escaped) | Q(in_earlier__contains=escaped)
    found = list(said.filter(wanted).order_by("pk")) if hints else []
    leave_whole(job.client, [row.conversation_id for row in found if _names_them(row, job)])
    changed = [message.pk for message in found if _scrub(message, job)]
    tell_updated(rows_of(changed), job.now)
    job.count(messages_scrubbed=len(changed))
    return following


def _names_them(message: Message, job: Job) -> bool:
    said = [getattr(message, name) for name in MEMBERS]
    return bool(job.marks.scrubbed_json(said) != said)


def _scrub(message: Message, job: Job) -> bool:
    if not _names_them(message, job):
        return False
    after = [job.marks.scrubbed_json(getattr(message, name)) for name in MEMBERS]
    Message.objects.filter(pk=message.pk).update(**dict(zip(MEMBERS, after, strict=True)))
    for item in OutboxItem.objects.filter(message=message.pk):
        OutboxItem.objects.filter(pk=item.pk).update(content=job.marks.scrubbed_json(item.content))
    return True


def scrub_titles(job: Job, after: int) -> int | None:
    rows = (
        Conversation.objects.filter(instance__client=job.client).exclude(title="").exclude(pk__in=job.threads)
    )
    wanted = Q()
    for hint in (*job.marks.hints, *job.marks.names):
        wanted |= Q(title__contains=hint)
    for row in rows.filter(wanted) if wanted else ():
        title = job.marks.without_names(row.title)
        if title != row.title:
            leave_whole(job.client, [row.pk])
            Conversation.objects.filter(pk=row.pk).update(title=title)
            job.count(titles=1)
    return None


def remove_receipts(job: Job, after: int) -> int | None:
    """Statuses that name them as the member of a group for whom they hold."""
    rows = StatusChange.objects.filter(instance__client=job.client).exclude(participant="")
    window, following = _window(rows, after, 4 * WINDOW)
    pairs = window.values_list("pk", "participant")
    pks = [pk for pk, participant in pairs if job.marks.are_in(participant) or participant in job.marks.whole]
    named = StatusChange.objects.filter(pk__in=pks)
    leave_whole(job.client, named.exclude(message=None).values_list("message__conversation", flat=True))
    job.count(statuses=named.delete()[0])
    return following


def remove_webhooks(job: Job, after: int) -> int | None:
    """Raw bodies that name them. One that still waits may bring what others said; it goes when it is read, if it brings
    anything of theirs."""
    lines = WhatsappInstance.objects.filter(client=job.client).order_by().values("pk")
    done = WebhookEvent.objects.filter(instance__in=lines).exclude(state=WebhookEvent.State.PENDING)
    rows, following = _window(done, after, WINDOW)
    pks = [pk for pk, body in _with_hints(rows, job) if job.marks.are_in_body(bytes(body))]
    job.count(webhooks=WebhookEvent.objects.filter(pk__in=pks).delete()[1].get(WebhookEvent._meta.label, 0))
    return following


def _with_hints(rows: Any, job: Job) -> Iterable[tuple[int, Any]]:
    names = job.marks.names
    hints = {*job.marks.hints, *names, *(json.dumps(name)[1:-1] for name in names)} - {""}
    found: set[int] = set()
    for hint in sorted(hints):
        matching = rows.annotate(at=Holds(F("body"), Value(hint.encode(), output_field=BinaryField())))
        found.update(_truthy(matching))
    ordered = sorted(found)
    for start in range(0, len(ordered), BODIES):
        chosen = WebhookEvent.objects.filter(pk__in=ordered[start : start + BODIES])
        yield from chosen.values_list("pk", "body").iterator(chunk_size=50)


def _truthy(rows: Any) -> Sequence[int]:
    return [pk for pk, at in rows.values_list("pk", "at") if at]


def clear_deliveries(job: Job, after: int) -> int | None:
    """What was or is to be told to the client's own systems. What tells of their conversations goes whole."""
    rows = WebhookDelivery.objects.filter(endpoint__client=job.client)
    window, following = _window(rows, after, DELIVERIES)
    for pk, body in window.values_list("pk", "body"):
        try:
            told = json.loads(body)
        except ValueError:
            continue
        if _is_theirs(told, job):
            job.count(deliveries=WebhookDelivery.objects.filter(pk=pk).delete()[0])
        elif (scrubbed := job.marks.scrubbed_json(told)) != told:
            text = json.dumps(scrubbed, separators=(",", ":"))
            WebhookDelivery.objects.filter(pk=pk).update(body=text)
            job.count(deliveries=1)
    return following


def _is_theirs(told: Any, job: Job) -> bool:
    about = told.get("data") if isinstance(told, dict) else None
    looks = about.get("object") if isinstance(about, dict) else None
    if not isinstance(looks, dict):
        return False
    quoted = looks.get("reply_to")
    people = [
        looks.get("sender"),
        looks.get("contact"),
        quoted.get("sender") if isinstance(quoted, dict) else None,
    ]
    ids = {one.get("id") for one in people if isinstance(one, dict)}
    thread = looks.get("id") if "chat_id" in looks and "kind" in looks else looks.get("conversation")
    quotes_unknown = isinstance(quoted, dict) and quoted.get("id") is None and thread in job.groups
    return not job.told_as.isdisjoint(ids) or thread in job.told_threads or quotes_unknown


def forget_history(job: Job, after: int) -> int | None:
    """Lines of the admin's own history are called as the row was."""
    kinds = ContentType.objects.get_for_models(Conversation, Contact)
    own = Q(content_type=kinds[Contact], object_id__in=[str(pk) for pk in job.told_as])
    # Of those whom an older version merged away only the name is left.
    own |= Q(content_type=kinds[Contact], object_repr__in=job.marks.names)
    own |= Q(content_type=kinds[Conversation], object_id__in=[str(pk) for pk in job.told_threads])
    job.count(history=LogEntry.objects.filter(own).delete()[0])
    return None
