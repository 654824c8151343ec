"""Lines that need a person: what is wrong with one, and which ones it is wrong with."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.languages import in_language
from accounts.models import WhatsappInstance
from accounts.services import SILENT

Status = WhatsappInstance.Status


def is_silent(instance: WhatsappInstance) -> bool:
    """At a time at which it usually is not; nights and Sundays are no silence."""
    return instance.is_active and instance.alarm == SILENT


def _is_mute(instance: WhatsappInstance, now: datetime) -> bool:
    never = instance.last_event_at is None
    return never and instance.created_at < now - WhatsappInstance.SILENT_AFTER


def troubled(now: datetime) -> Q:
    """The same as ``reasons`` tells, as a condition."""
    before = now - WhatsappInstance.SILENT_AFTER
    mute = Q(last_event_at=None, created_at__lt=before)
    down = Q(status=Status.DISCONNECTED) | ~Q(alarm="") | Q(webhooks_astray=True)
    return Q(is_active=True) & (mute | down)


def reasons(instance: WhatsappInstance, now: datetime) -> Iterator[str]:
    if not instance.is_active:
        return
    if instance.alarm:
        yield in_language(instance.alarm)
    elif instance.status == Status.DISCONNECTED:
        yield _("The line is disconnected.")
    if instance.webhooks_astray:
        yield _("Its webhooks do not come here.")
    if _is_mute(instance, now):
        yield _("No webhook has ever arrived.")


class InTrouble(admin.SimpleListFilter):
    title = gettext_lazy("attention")
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("person", gettext_lazy("Needs a person")), ("nobody", gettext_lazy("All is well"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wrong = troubled(timezone.now())
        if self.value() == "person":
            return queryset.filter(wrong)
        return queryset.exclude(wrong) if self.value() == "nobody" else queryset
