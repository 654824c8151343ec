"""What the audit trail can be narrowed to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.admin.access import OfClient
from accounts.admin.trail_words import ACTIONS, GROUPS, OBJECTS
from accounts.audit import Action
from accounts.models import Client, Role, User
from accounts.numbers import whole_number

MOST_PEOPLE = 200


class OfManagedClient(OfClient):
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(row.pk, str(row)) for row in Client.objects.visible_to(request.user, role=Role.MANAGER)]


class Person(admin.SimpleListFilter):
    title = _("person")
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        people = User.objects.order_by("username")
        if not request.user.is_superuser:
            managed = Client.objects.visible_to(request.user, role=Role.MANAGER)
            people = people.filter(memberships__client__in=managed.order_by().values("pk")).distinct()
        return [(str(user.pk), user.username) for user in people.only("username")[:MOST_PEOPLE]]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        pk = whole_number(self.value() or "")
        return queryset.filter(user=pk) if pk else _none_if_asked(self, queryset)


class Act(admin.SimpleListFilter):
    """A group of actions, or with its full word a single one."""

    title = _("action")
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        one = self.value() or ""
        more = [(one, ACTIONS[one])] if one in ACTIONS else []
        return [*GROUPS.items(), *more]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        asked = self.value() or ""
        if asked in ACTIONS:
            return queryset.filter(action=asked)
        chosen = [action.value for action in Action if action.value.split(".")[0] == asked]
        return queryset.filter(action__in=chosen) if chosen else _none_if_asked(self, queryset)


class About(admin.SimpleListFilter):
    """A kind of object; the link from an object's own page adds its id."""

    title = _("object")
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        kind, _colon, pk = (self.value() or "").partition(":")
        one = f"{OBJECTS.get(kind, kind)} #{pk}" if pk else ""
        return [*OBJECTS.items(), *([(self.value(), one)] if one else [])]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        kind, colon, text = (self.value() or "").partition(":")
        pk = whole_number(text)
        if not kind or (colon and not pk):
            return _none_if_asked(self, queryset)
        rows = queryset.filter(object_type=kind)
        return rows.filter(object_id=pk) if pk else rows


class When(admin.SimpleListFilter):
    """So many days, or a day as 2026-03-31."""

    title = _("date")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        asked = self.value() or ""
        own = [(asked, asked)] if _day(asked) else []
        spans = [
            ("1", _("Today")),
            ("7", _("Last 7 days")),
            ("30", _("Last 30 days")),
            ("90", _("Last 90 days")),
        ]
        return [*spans, *own]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        asked = self.value() or ""
        if day := _day(asked):
            return queryset.filter(at__gte=_midnight(day), at__lt=_midnight(day + timedelta(days=1)))
        if asked not in ("1", "7", "30", "90"):
            return _none_if_asked(self, queryset)
        first = timezone.localdate() - timedelta(days=int(asked) - 1)
        return queryset.filter(at__gte=_midnight(first))


def _none_if_asked(asked: Any, queryset: Any) -> Any:
    return queryset.none() if asked.value() else queryset


def _day(text: str) -> date | None:
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    # At both ends of the calendar there is a day without a neighbour.
    return found if date.min.year < found.year < date.max.year else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - made aware right here
