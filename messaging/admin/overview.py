"""The first page: what needs a person, as far as this user may see. Every figure is capped, so none costs a scan."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from accounts.access import may
from accounts.models import Client, Role, WhatsappInstance
from media.admin.reasons import causes
from media.models import MediaFile
from messaging.models import Conversation, WebhookEvent

CAP = 10_000
INSTANCES_SHOWN = 20
MEDIA_STATES = ("pending", "fetching", "ready", "missing", "failed", "expired", "unavailable")


@dataclass(frozen=True, slots=True)
class Figure:
    word: str
    count: int
    address: str

    @property
    def text(self) -> str:
        return f"{CAP // 1000}k+" if self.count > CAP else str(self.count)


@dataclass(frozen=True, slots=True)
class Trouble:
    instance: Any
    reasons: list[str]


def overview(user: Any, now: datetime) -> dict[str, Any]:
    instances = WhatsappInstance.objects.visible_to(user).filter(is_active=True, client__is_active=True)
    return {
        "steps": _next_steps(user),
        "media_figures": [_media(user, state) for state in MEDIA_STATES],
        "event_figures": [_events(user, state) for state in ("pending", "failed")],
        "unread": _unread(user),
        "reasons": [_cause(cause, count) for cause, count in causes(user)],
        "troubles": [Trouble(one, list(_wrong(one, now))) for one in _in_trouble(instances, now)],
        "waiting_since": _waiting_since(user, now),
        "can_add_instance": may(user, Role.MANAGER),
    }


def list_address(model: Any, **query: str) -> str:
    options = model._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def capped(rows: Any) -> int:
    """At most one more than CAP."""
    return int(rows.order_by()[: CAP + 1].count())


def _media(user: Any, state: str) -> Figure:
    rows = MediaFile.objects.visible_to(user).filter(state=state)
    return Figure(state, capped(rows), list_address(MediaFile, state__exact=state))


def _events(user: Any, state: str) -> Figure:
    rows = WebhookEvent.objects.visible_to(user).filter(state=state)
    return Figure(state, capped(rows), list_address(WebhookEvent, state__exact=state))


def _unread(user: Any) -> Figure:
    rows = Conversation.objects.visible_to(user).order_by("-last_message_at", "-id")[:CAP]
    count = Conversation.objects.filter(pk__in=rows.values("pk"), unread_count__gt=0).count()
    return Figure("unread", count, list_address(Conversation))


def _cause(cause: MediaFile.Cause, count: int) -> Figure:
    return Figure(str(cause.label), count, list_address(MediaFile, cause__exact=cause.value))


def _in_trouble(instances: Any, now: datetime) -> list[Any]:
    before = now - WhatsappInstance.SILENT_AFTER
    silent = Q(last_event_at__lt=before) | Q(last_event_at=None, created_at__lt=before)
    down = Q(status=WhatsappInstance.Status.DISCONNECTED) | ~Q(alarm="")
    rows = instances.filter(silent | down).sealed()
    return list(rows.select_related("client")[:INSTANCES_SHOWN])


def _wrong(instance: Any, now: datetime) -> Any:
    if instance.alarm:
        yield instance.alarm
    elif instance.status == WhatsappInstance.Status.DISCONNECTED:
        yield "The line is disconnected."
    if instance.last_event_at is None:
        yield "No webhook has ever arrived."
    elif instance.last_event_at < now - WhatsappInstance.SILENT_AFTER:
        yield "No webhook for more than a day."


def _waiting_since(user: Any, now: datetime) -> datetime | None:
    """When the longest overdue item was due; overdue for long means that no worker runs."""
    oldest = [
        model.objects.visible_to(user)
        .due(now)
        .order_by("next_attempt_at")
        .values_list("next_attempt_at", flat=True)[:1]
        for model in (MediaFile, WebhookEvent)
    ]
    return min((moment for rows in oldest for moment in rows), default=None)


def _next_steps(user: Any) -> str:
    if not Client.objects.visible_to(user).exists():
        return "client"
    if not WhatsappInstance.objects.visible_to(user).exists():
        return "instance"
    return "" if WebhookEvent.objects.visible_to(user).exists() else "webhook"
