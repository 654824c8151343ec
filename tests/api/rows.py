"""One row of everything that has an address in the API, for each client; every name carries the client's.

``OBJECTS`` says what stands at ``<segment>/<id>/`` of a path, ``PARAMETERS`` what any other named part of a path is.
``REFERENCES`` says what a field of a body or a filter by that name points to. A new route needs its line here.
"""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from accounts.audit import Action as Act
from accounts.audit import note
from accounts.feed import Action, Topic, change, tell
from accounts.models import ApiToken, AuditEntry, Change, Membership, Role, Usage, User
from media.models import MediaFile
from messaging.models import (
    Export,
    Gap,
    Label,
    LegalHold,
    Message,
    Note,
    OutboxItem,
    PurgeReceipt,
    Reaction,
    StatusChange,
    WebhookDelivery,
    WebhookEndpoint,
)
from tests.tenants import Rows, make_message

Finder = Callable[[Rows], Any]

OBJECTS: dict[str, Finder] = {
    "clients": lambda rows: rows.client.pk,
    "members": lambda rows: _of(Membership, rows, user__username__startswith="staff-").pk,
    "tokens": lambda rows: _of(ApiToken, rows).pk,
    "instances": lambda rows: rows.instance.pk,
    "audit": lambda rows: AuditEntry.objects.filter(client=rows.client).order_by("pk").first().pk,
    "contacts": lambda rows: rows.conversation.contact_id,
    "conversations": lambda rows: rows.conversation.pk,
    "messages": lambda rows: rows.message.pk,
    "notes": lambda rows: Note.objects.get(conversation=rows.conversation).pk,
    "labels": lambda rows: _of(Label, rows).pk,
    "gaps": lambda rows: Gap.objects.get(instance=rows.instance).pk,
    "outbox": lambda rows: OutboxItem.objects.get(instance=rows.instance).pk,
    "media": lambda rows: rows.media_file.pk,
    "webhook-events": lambda rows: rows.event.pk,
    "webhook-endpoints": lambda rows: _of(WebhookEndpoint, rows).pk,
    "webhook-deliveries": lambda rows: WebhookDelivery.objects.get(endpoint__client=rows.client).pk,
    "exports": lambda rows: _of(Export, rows).pk,
    "deliveries": lambda rows: WebhookDelivery.objects.get(endpoint__client=rows.client).pk,
}
PARAMETERS: dict[str, Finder] = {
    "signed": lambda rows: "no-such-link",
}
REFERENCES: dict[str, Finder] = {
    "client": OBJECTS["clients"],
    "instance": OBJECTS["instances"],
    "conversation": OBJECTS["conversations"],
    "contact": OBJECTS["contacts"],
    "message": OBJECTS["messages"],
    "reply_to": OBJECTS["messages"],
    "around": OBJECTS["messages"],
    "media": OBJECTS["media"],
    "media_file": OBJECTS["media"],
    "label": OBJECTS["labels"],
    "labels": OBJECTS["labels"],
    "user": lambda rows: _of(Membership, rows, user__username__startswith="staff-").user_id,
    "assigned_to": lambda rows: _of(Membership, rows, user__username__startswith="staff-").user_id,
    "assignee": lambda rows: _of(Membership, rows, user__username__startswith="staff-").user_id,
    "endpoint": OBJECTS["webhook-endpoints"],
}


def furnish(rows: Rows) -> Rows:
    """What ``make_rows`` leaves out. None of it is sent or delivered here."""
    name, now = rows.client.name, timezone.now()
    member = User.objects.create_user(f"staff-{name.lower()}", first_name=f"{name} person")
    Membership.objects.create(user=member, client=rows.client, role=Role.OPERATOR)
    ApiToken.issue(user=member, client=rows.client, name=f"{name} token")
    rows.conversation.labels.add(Label.objects.create(client=rows.client, name=f"{name} label"))
    rows.conversation.title = f"{name} title"
    rows.conversation.save()
    Note.objects.create(conversation=rows.conversation, author=member, text=f"{name} note")
    _unsent(rows, member)
    Reaction.objects.create(
        message=rows.message, actor=rows.conversation.contact, emoji="👍", occurred_at=now
    )
    StatusChange.objects.create(
        instance=rows.instance, message=rows.message, provider_message_id="S", status="read", occurred_at=now
    )
    Usage.objects.create(instance=rows.instance, month=now.date().replace(day=1), kind="text", inbound=1)
    Gap.objects.create(instance=rows.instance, why="silent", started_at=now, answer=f"{name} answer")
    told = change(rows.instance, Topic.MESSAGE, rows.message.pk, Action.CREATED, at=now)
    tell([told])
    _endpoint(rows, told)
    _export(rows)
    note(Act.INSTANCE_CHANGED, rows.instance, by=member, fields="name")
    return rows


def _unsent(rows: Rows, author: User) -> None:
    message = make_message(
        rows.conversation, direction="outbound", sender=None, sent_by=author, text=f"{rows.client.name} answer",
        provider_message_id=None, status="failed",
    )  # fmt: skip
    OutboxItem.objects.create(
        instance=rows.instance, conversation=rows.conversation, message=message, action="message",
        state="failed", error=f"{rows.client.name} trouble", created_by=author,
    )  # fmt: skip


def _export(rows: Rows) -> None:
    Export.objects.create(
        client=rows.client, scope="contact", contact=rows.conversation.contact, state="failed",
        error=f"{rows.client.name} reason",
    )  # fmt: skip
    LegalHold.objects.create(
        client=rows.client, reason=f"{rows.client.name} case", released_at=timezone.now()
    )
    PurgeReceipt.objects.create(client=rows.client, cause="retention", rule=f"{rows.client.name} rule")


def _endpoint(rows: Rows, told: Change) -> None:
    slug = rows.client.slug
    endpoint = WebhookEndpoint.objects.create(
        client=rows.client, name=f"{rows.client.name} hook", url=f"https://{slug}.example.com/hook"
    )
    WebhookDelivery.objects.create(
        endpoint=endpoint,
        change_id=told.pk,
        event_type="message.created",
        body=f'{{"of": "{slug}"}}',
        state="failed",
    )


def _of(model: Any, rows: Rows, **filters: Any) -> Any:
    return model.objects.filter(client=rows.client, **filters).order_by("pk").first()


def snapshot(rows: Rows) -> dict[str, Any]:
    """Everything of one client as it lies in the database."""
    client = rows.client.pk
    found: dict[str, Any] = {
        model.__name__: list(model.objects.filter(client=client).order_by("pk").values())
        for model in (Membership, ApiToken, Label, WebhookEndpoint, Export)
    }
    of_instance = (Message, "conversation__instance__client"), (MediaFile, "instance__client")
    more = (Note, "conversation__instance__client"), (OutboxItem, "instance__client")
    for model, path in (*of_instance, *more, (WebhookDelivery, "endpoint__client")):
        found[model.__name__] = list(model.objects.filter(**{path: client}).order_by("pk").values())
    for row in (rows.client, rows.instance, rows.conversation, rows.event):
        found[f"{type(row).__name__} {row.pk}"] = type(row).objects.filter(pk=row.pk).values().first()
    return found
