"""What the lists of media files can be narrowed to, and which of the two lists is shown."""

from datetime import UTC, date, datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.models import Usage
from accounts.numbers import LARGEST
from media.models import MediaFile

GALLERY, LEDGER = "gallery", "ledger"
MONTHS = 24
MOST_OF_CONVERSATION = 10_000
State = MediaFile.State
ABSENT = [state for state in State if state != State.READY]


class Shelf(admin.SimpleListFilter):
    """The gallery has what is ready, the ledger what is not. A link to a state or a cause leads to where it is."""

    title = _("view")
    parameter_name = "view"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        state = (params.get("state__exact") or [""])[-1]
        super().__init__(request, params, model, model_admin)
        if state:
            self.chosen = GALLERY if state == State.READY else LEDGER
        elif params.get("cause__exact"):
            self.chosen = LEDGER
        else:
            self.chosen = LEDGER if self.value() == LEDGER else GALLERY

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(GALLERY, _("Gallery")), (LEDGER, _("Not here"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.chosen == GALLERY:
            return queryset.filter(state=State.READY)
        return queryset.filter(state__in=ABSENT)


class Month(admin.SimpleListFilter):
    """A range of time, so that the index on it is read from one end to the other."""

    title = _("month")
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        used = Usage.objects.visible_to(request.user).filter(files__gt=0).order_by()
        found = set(used.values_list("month", flat=True).distinct())
        found.add(timezone.localdate().replace(day=1))
        asked = _first_day(self.value() or "")
        if asked:
            found.add(asked)
        newest = sorted(found, reverse=True)[:MONTHS]
        return [(f"{day:%Y-%m}", date_format(day, "YEAR_MONTH_FORMAT")) for day in newest]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        first = _first_day(self.value() or "")
        if first is None:
            return queryset.none()
        return queryset.filter(created_at__gte=_midnight(first), created_at__lt=_midnight(_next_month(first)))


class OfConversation(admin.SimpleListFilter):
    """Offers nothing: there may be thousands. Links from a thread and from a file lead here."""

    title = _("conversation")
    parameter_name = "conversation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(self.value(), _("One conversation"))] if self.value() else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        if not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= LARGEST):
            return queryset.none()
        message: Any = queryset.model._meta.get_field("message").related_model
        of_it = message._base_manager.filter(conversation=int(value), media__isnull=False)
        # As plain numbers: told of the conversation, databases look for its files among all of the line's.
        newest = of_it.order_by("-sent_at", "-id").values_list("media", flat=True)[:MOST_OF_CONVERSATION]
        return queryset.filter(pk__in=list(newest))


def _first_day(text: str) -> date | None:
    try:
        day = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    # At both ends of the calendar there is a month without a neighbour.
    return day if date.min.year < day.year < date.max.year else None


def _next_month(day: date) -> date:
    return day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, 1))  # noqa: DTZ001 - made aware right here
