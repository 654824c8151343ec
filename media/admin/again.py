"""“Download again” for many files at once: first how many there are, and after a yes it is done."""

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


def ask_or_do(request: HttpRequest, rows: Any, context: dict[str, Any]) -> HttpResponse | int:
    """How many were asked for, or the page that asks. ``rows`` are those that the user operates."""
    found = list(_askable(rows).order_by("-created_at", "-id").values_list("pk", flat=True)[: CAP + 1])
    if not found:
        return 0
    chosen = found[:CAP]
    if "confirmed" in request.POST:
        return services.fetch_again(MediaFile.objects.filter(pk__in=chosen), now=timezone.now())
    facts = {
        "count": len(chosen),
        "has_more": len(found) > CAP,
        "address": request.get_full_path(),
        "sent": [(name, value) for name in ASKED for value in request.POST.getlist(name)],
    }
    return TemplateResponse(request, PAGE, context | facts)


def _askable(rows: Any) -> Any:
    """What is being fetched at this moment is left alone."""
    waiting = rows.filter(state=MediaFile.State.PENDING, lease_until=None)
    return rows.filter(state__in=ASKABLE) | waiting
