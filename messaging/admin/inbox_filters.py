"""What the inbox can be narrowed to beyond the columns of a conversation."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from messaging.models import Label

LARGEST = 2**63 - 1


class Assignee(admin.SimpleListFilter):
    title = _("assigned to")
    parameter_name = "assignee"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("me", _("Mine")), ("none", _("Nobody"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "me":
            return queryset.filter(assigned_to=request.user.pk)
        return queryset.filter(assigned_to=None) if self.value() == "none" else queryset


class Unread(admin.SimpleListFilter):
    title = _("unread")
    parameter_name = "unread"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("1", _("Unread"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(unread_count__gt=0) if self.value() == "1" else queryset


class Labelled(admin.SimpleListFilter):
    """Two clients may have a label of the same name; then the client's name tells them apart."""

    title = _("label")
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        labels = list(Label.objects.visible_to(request.user).select_related("client")[:200])
        several = len({label.client_id for label in labels}) > 1
        return [
            (str(label.pk), f"{label.name} · {label.client}" if several else label.name) for label in labels
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        if not value:
            return queryset
        if not (value.isascii() and value.isdigit() and int(value[:20]) <= LARGEST):
            return queryset.none()
        return queryset.filter(labels=int(value), labels__client__in=self._clients(request))

    def _clients(self, request: HttpRequest) -> Any:
        return Label.objects.visible_to(request.user).filter(pk=int(self.value() or 0)).values("client")
