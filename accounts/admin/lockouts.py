"""Names that may not log in for a while: administrators see them, and let them in again."""

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import display
from accounts.admin.access import ReadOnly
from accounts.logins import lockouts

AccessAttempt._meta.verbose_name = gettext_lazy("failed login")
AccessAttempt._meta.verbose_name_plural = gettext_lazy("failed logins")


@admin.register(AccessAttempt)
class AttemptAdmin(ReadOnly):
    list_display = ("username", "ip_address", "failures", "last", "locked")
    list_display_links = None
    search_fields = ("=username", "=ip_address")
    search_help_text = gettext_lazy("The whole user name or the whole address.")
    actions = ("unlock",)
    show_full_result_count = False
    ordering = ("-attempt_time", "-pk")
    empty_advice = gettext_lazy(
        "No wrong password is counted. A name stands here, with its address, from the first wrong one until it logs in."
    )

    @admin.display(description=gettext_lazy("wrong passwords"), ordering="failures_since_start")
    def failures(self, attempt: Any) -> int:
        return int(attempt.failures_since_start)

    @admin.display(description=gettext_lazy("last one"), ordering="attempt_time")
    def last(self, attempt: Any) -> str:
        return display.when(attempt.attempt_time)

    @admin.display(description=gettext_lazy("locked out"), boolean=True)
    def locked(self, attempt: Any) -> bool:
        return lockouts.is_locked(attempt.failures_since_start, attempt.attempt_time, now=timezone.now())

    @admin.action(description=gettext_lazy("Let them log in again"), permissions=["view"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        chosen = set(queryset.values_list("username", "ip_address"))
        for name, address in chosen:
            lockouts.unlock(name, address, by=request.user, now=timezone.now())
        told = ngettext("%(count)d name may log in again.", "%(count)d names may log in again.", len(chosen))
        self.message_user(request, told % {"count": len(chosen)}, messages.SUCCESS)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        minutes = int(settings.AXES_COOLOFF_TIME / timedelta(minutes=1))
        about = ngettext(
            "After %(most)d wrong passwords a name waits %(minutes)d minute at that address.",
            "After %(most)d wrong passwords a name waits %(minutes)d minutes at that address.",
            minutes,
        )
        told = {"subtitle": about % {"most": settings.AXES_FAILURE_LIMIT, "minutes": minutes}}
        title = {"title": _("Failed logins")}
        return super().changelist_view(request, extra_context=title | told | (extra_context or {}))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
