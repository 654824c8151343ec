"""The words and figures of the first page, which is no view of ours."""

from typing import Any

from django import template
from django.utils import timezone

from messaging.admin.dashboard import dashboard
from messaging.admin.overview import overview

register = template.Library()


@register.simple_tag(takes_context=True)
def dashboard_for_user(context: Any) -> dict[str, Any]:
    request, now = context["request"], timezone.now()
    chosen = request.GET.get("client", "")
    return overview(request.user, chosen, now) | dashboard(request.user, chosen, now)
