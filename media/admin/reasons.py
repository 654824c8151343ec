"""Why files are not here: the most frequent reasons among the latest failures, however many there are in all."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from media.models import MediaFile

if TYPE_CHECKING:
    _SimpleListFilter = admin.SimpleListFilter
else:
    _SimpleListFilter = admin.SimpleListFilter

LOOKED_AT = 500
SHOWN = 8
_STATES = (MediaFile.State.FAILED, MediaFile.State.EXPIRED, MediaFile.State.MISSING, MediaFile.State.PENDING)


def frequent_reasons(user: Any) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for state in _STATES:
        rows = MediaFile.objects.visible_to(user).filter(state=state).order_by("-created_at", "-id")
        counts.update(error for error in rows.values_list("error", flat=True)[:LOOKED_AT] if error)
    return counts.most_common(SHOWN)


class ReasonFilter(_SimpleListFilter):
    title = "reason"
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = request.GET.get("error", "")
        found = [reason for reason, _ in frequent_reasons(request.user)]
        chosen = [asked] if asked and asked not in found else []
        return [(reason, reason) for reason in [*found, *chosen]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(error=self.value()) if self.value() else queryset
