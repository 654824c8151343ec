"""More of everything, at every level: of the platform, of a client, of a line and of a conversation."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, Model
from django.utils import timezone

from accounts.models import Usage, User, WhatsappInstance
from media.models import StrategyHealth
from messaging.models import (
    ContactAlias,
    Conversation,
    Gap,
    Message,
    RefusedWebhook,
    SendingLine,
    StatusChange,
)
from tests.admin.rows import furnish
from tests.tenants import Rows, make_rows

OURS = ("accounts", "media", "messaging")


def grow(rows: Rows, numbers: Iterable[int]) -> None:
    """For each number another client, another line with all it has, and another of each row of a line."""
    for number in numbers:
        _trouble(_another("Client", number))
        line = _another("Line", number)
        _trouble(line)
        _give(line.client, rows.client)
        _pour(_another("Row", number), rows)


def _another(sort: str, number: int) -> Rows:
    """With nothing that only one row of a client or of a line may have."""
    name = f"{sort}{number}"
    rows = furnish(make_rows(name))
    Usage.objects.filter(instance=rows.instance).update(month=date(2000 + number, 1, 1))
    ContactAlias.objects.filter(client=rows.client).update(value=f"55119{rows.client.pk:08}")
    member = User.objects.get(memberships__client=rows.client)
    Conversation.objects.filter(pk=rows.conversation.pk).update(chat_id=name, assigned_to=member)
    Message.objects.filter(conversation=rows.conversation, direction="outbound").update(
        reply_to_id=rows.message.provider_message_id
    )
    StatusChange.objects.filter(instance=rows.instance).update(provider_message_id=name)
    Gap.objects.filter(instance=rows.instance).update(ended_at=timezone.now())
    return rows


def _trouble(rows: Rows) -> None:
    """What a line has once."""
    now, line = timezone.now(), rows.instance
    WhatsappInstance.objects.filter(pk=line.pk).update(alarm="Broken.", last_event_at=now)
    StrategyHealth.objects.create(instance=line, strategy="cdn", closed_until=now + timedelta(hours=1))
    SendingLine.objects.create(instance=line, next_at=now + timedelta(hours=1), reason="Too many.")
    RefusedWebhook.objects.create(instance=line, day=now.date(), reason="too large", count=3)


def _pour(other: Rows, rows: Rows) -> None:
    """One more row of everything that hangs from the line, the conversation, the message and the file."""
    rows_of_other = (other.message, rows.message), (other.media_file, rows.media_file)
    for mine, yours in (*rows_of_other, (other.conversation, rows.conversation)):
        _give(mine, yours)
    _give(other.instance, rows.instance)
    _give(other.client, rows.client)


def _give(mine: Model, yours: Model) -> None:
    for model in apps.get_models():
        if model._meta.app_label not in OURS:
            continue
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey) and _points_at(field, mine):
                model._default_manager.filter(**{field.name: mine}).update(**{field.name: yours})


def _points_at(field: Any, row: Model) -> bool:
    return field.related_model is type(row) and not field.unique
