"""“Download again” for many files at once: first how many there are, and after a yes it is done."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from media import services
from media.admin.changelist import CAP
from media.models import MediaFile
from media.services.keeping import ASKABLE

PAGE = "admin/media/mediafile/again.html"
# Names that the page sends once more.
ASKED = ("action", "_selected_action", "select_across", "index")


@dataclass(frozen=True, slots=True)
class Done:
    """``has_more``: others were left for another time."""

    count: int
    has_more: bool


def ask_or_do(request: HttpRequest, rows: Any, context: dict[str, Any]) -> HttpResponse | Done:
    """How many were asked for, or the page that asks. ``rows`` are those that the user operates."""
    found = _askable(rows)
    chosen, has_more = found[:CAP], len(found) > CAP
    if "confirmed" in request.POST or not found:
        now = timezone.now()
        return Done(services.fetch_again(MediaFile.objects.filter(pk__in=chosen), now=now), has_more)
    facts = {
        "count": len(chosen),
        "has_more": has_more,
        "address": request.get_full_path(),
        "sent": [(name, value) for name in ASKED for value in request.POST.getlist(name)],
    }
    return TemplateResponse(request, PAGE, context | facts)


def _askable(rows: Any) -> list[int]:
    """The newest of those that nobody tries any more, or else of those that wait; so asking once more goes on with
    others. What is being fetched at this moment is left alone.
    """
    waiting = rows.filter(state=MediaFile.State.PENDING, lease_until=None)
    for some in (rows.filter(state__in=ASKABLE), waiting):
        found = list(some.order_by("-created_at", "-id").values_list("pk", flat=True)[: CAP + 1])
        if found:
            return found
    return []
