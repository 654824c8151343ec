"""API tokens: whose they are, when they were last used, and how to end them. A key is never shown."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import display
from accounts.admin.access import ReadOnly, VisibleChoices
from accounts.admin.verbs import Verb, WithVerbs
from accounts.logins import tokens
from accounts.models import ApiToken, Role

_REVOKE = Verb(
    slug="revoke",
    label=_("Revoke"),
    method="revoke",
    role=Role.VIEWER,
    icon="key",
    confirm=_("Revoke this token? Whoever uses it is logged out at once."),
)


@admin.register(ApiToken)
class TokenAdmin(ReadOnly, WithVerbs):
    """People see their own, managers those of the client; front ends and `POST /api/v1/tokens/` make them."""

    list_display = ("name", "hint", "user", "client", "role", "state", "created", "last_used", "expires")
    list_filter = ("role", ("client", VisibleChoices))
    list_select_related = ("user", "client")
    search_fields = ("name", "hint", "user__username")
    verbs = (_REVOKE,)
    empty_advice = _("No token yet. A front end gets one when somebody logs in to the API.")

    def get_queryset(self, request: HttpRequest) -> Any:
        own = tokens.within_reach(request.user)  # type: ignore[arg-type]
        return super().get_queryset(request).filter(pk__in=own.values("pk"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name", "hint", "user", "client", "role", "state", "created", "last_used", "expires")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        return super().verbs_for(request, row) if row.revoked_at is None else []

    @admin.display(description=_("state"))
    def state(self, token: ApiToken) -> str:
        if token.revoked_at:
            return display.badge("revoked")
        is_over = token.expires_at is not None and token.expires_at <= timezone.now()
        return display.badge("expired") if is_over else display.badge("ok", gettext("valid"))

    @admin.display(description=_("created"), ordering="created_at")
    def created(self, token: ApiToken) -> str:
        return display.when(token.created_at)

    @admin.display(description=_("last used"), ordering="last_used_at")
    def last_used(self, token: ApiToken) -> str:
        return display.when(token.last_used_at) if token.last_used_at else gettext("never")

    @admin.display(description=_("expires"), ordering="expires_at")
    def expires(self, token: ApiToken) -> str:
        return display.when(token.expires_at) if token.expires_at else gettext("never")

    def revoke(self, request: HttpRequest, token: ApiToken) -> None:
        tokens.revoke(token, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        self.message_user(request, gettext("The token is revoked."), messages.SUCCESS)
