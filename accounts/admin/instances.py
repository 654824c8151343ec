"""WhatsApp instances: is the line up, do its webhooks arrive, and what to do if not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import reading_back, services
from accounts.access import may
from accounts.admin import display
from accounts.admin.access import VisibleChoices
from accounts.admin.instance_form import InstanceForm
from accounts.admin.trouble import InTrouble, is_silent, reasons
from accounts.admin.verbs import Verb, WithVerbs
from accounts.fields import CannotDecrypt
from accounts.models import Role, WhatsappInstance
from accounts.providers import PROVIDERS
from accounts.providers.errors import ProviderError

NEEDS_PAIRING = ("restart", "disconnect")
_VERBS = (
    Verb(slug="check", label=gettext_lazy("Check status"), method="check_status", icon="pulse"),
    Verb(
        slug="restart",
        label=gettext_lazy("Restart"),
        method="restart",
        role=Role.MANAGER,
        icon="retry",
        confirm=gettext_lazy("Restart this line at the provider? It is away for a moment."),
    ),
    Verb(
        slug="disconnect",
        label=gettext_lazy("Disconnect"),
        method="disconnect",
        role=Role.MANAGER,
        icon="none",
        confirm=gettext_lazy(
            "Disconnect this line? No message comes or goes until somebody pairs the phone again."
        ),
    ),
    Verb(
        slug="read-webhooks",
        label=gettext_lazy("Check at the provider"),
        method="read_webhooks",
        role=Role.MANAGER,
        icon="pulse",
    ),
    Verb(
        slug="webhooks",
        label=gettext_lazy("Set webhooks at the provider"),
        method="set_webhooks",
        role=Role.MANAGER,
        icon="link",
        confirm=gettext_lazy(
            "Set this instance's webhook address at the provider? It replaces what is set there."
        ),
    ),
    Verb(
        slug="rotate",
        label=gettext_lazy("Rotate webhook key"),
        method="rotate_key",
        role=Role.MANAGER,
        icon="key",
        confirm=gettext_lazy("Make a new webhook address? The old one stops working at once."),
    ),
)


@dataclass(frozen=True, slots=True)
class Slot:
    """One webhook of the line, as the provider told: ``tone`` is that of a badge."""

    name: str
    tone: str
    text: str


@admin.register(WhatsappInstance)
class InstanceAdmin(WithVerbs):
    form = InstanceForm
    list_display = ("name", "client", "provider", "status", "last_event_at")
    list_filter = (InTrouble, "provider", "status", ("client", VisibleChoices), "is_active")
    list_select_related = ("client",)
    list_per_page = 24
    search_fields = ("name", "instance_id", "phone_number")
    search_help_text = gettext_lazy("A name, a phone number, or an id")
    add_role = change_role = Role.MANAGER
    empty_advice = gettext_lazy(
        "No instance yet. Add one here with its instance id and token, then set its webhook address at the "
        "provider; or let `python manage.py create_instance` do all of it."
    )
    verbs = _VERBS

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).sealed()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = ["client", "name", "provider", "instance_id", "phone_number", "media_strategies", "is_active"]
        shown: list[Any] = [(None, {"fields": names})]
        if obj is None or self.has_change_permission(request, obj):
            secrets = [f"new_{name}" for name in WhatsappInstance.SECRET_FIELDS]
            shown.append((_("Secrets"), {"fields": secrets, "description": _("Encrypted at rest.")}))
        return shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Conversations and files belong to the client, so an instance cannot move to another one."""
        return ("client",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only what was changed: status, alarm and last event belong to the worker."""
        changed = [name.removeprefix("new_") for name in form.changed_data]
        obj.save(update_fields=changed if change else None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and services.is_used(obj))

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        pairs = _can_pair(row)
        return [verb for verb in super().verbs_for(request, row) if pairs or verb.slug not in NEEDS_PAIRING]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        instance = kwargs.get("obj")
        if instance is not None:
            context |= self._facts(request, instance)
        return super().render_change_form(request, context, *args, **kwargs)

    def _facts(self, request: HttpRequest, instance: WhatsappInstance) -> dict[str, Any]:
        manages, now = may(request.user, Role.MANAGER, instance), timezone.now()
        offered = {
            verb.slug: (verb, self._address(instance, verb)) for verb in self.verbs_for(request, instance)
        }
        return {
            "title": display.visible_name(instance.name),
            "subtitle": display.visible_name(instance.client.name),
            "manages": manages,
            "can_pair": manages and _can_pair(instance),
            "webhook_url": services.webhook_url(instance) if manages else "",
            "secrets_stored": list(_stored(instance)) if manages else [],
            "slots": [_slot(*told) for told in instance.webhook_slots.items()] if manages else [],
            "silent": is_silent(instance),
            "reasons": list(reasons(instance, now)),
            "line_verbs": [offered[slug] for slug in ("check", *NEEDS_PAIRING) if slug in offered],
            "webhook_verbs": [
                offered[slug] for slug in ("read-webhooks", "webhooks", "rotate") if slug in offered
            ],
        }

    def check_status(self, request: HttpRequest, instance: WhatsappInstance) -> None:
        done, line = self._asked(request, lambda: services.refresh_status(instance, now=timezone.now()))
        if not done:
            return
        text = _("The line is connected.") if line.connected else _("The line is not connected.")
        level = messages.SUCCESS if line.connected else messages.WARNING
        self.message_user(request, f"{text} {line.detail}".strip(), level)

    def restart(self, request: HttpRequest, instance: WhatsappInstance) -> None:
        done, _nothing = self._asked(request, lambda: services.restart(instance, now=timezone.now()))
        if done:
            self.message_user(
                request, _("The line restarts. Check its status in a moment."), messages.SUCCESS
            )

    def disconnect(self, request: HttpRequest, instance: WhatsappInstance) -> None:
        done, _nothing = self._asked(request, lambda: services.disconnect(instance, now=timezone.now()))
        if done:
            text = _("The line is disconnected. Pair a phone to connect it again.")
            self.message_user(request, text, messages.WARNING)

    def read_webhooks(self, request: HttpRequest, instance: WhatsappInstance) -> None:
        done, told = self._asked(request, lambda: reading_back.read_webhooks(instance, now=timezone.now()))
        if not done:
            return
        if services.webhooks_match(instance, told):
            self.message_user(request, _("Every webhook comes here."), messages.SUCCESS)
        else:
            self.message_user(request, _("Not every webhook comes here; see below."), messages.WARNING)

    def set_webhooks(self, request: HttpRequest, instance: WhatsappInstance) -> None:
        done, told = self._asked(request, lambda: reading_back.set_webhooks(instance, now=timezone.now()))
        if done:
            slots = ", ".join(told) or _("nothing")
            self.message_user(
                request, _("Set at the provider: %(slots)s.") % {"slots": slots}, messages.SUCCESS
            )

    def rotate_key(self, request: HttpRequest, instance: WhatsappInstance) -> None:
        services.rotate_webhook_key(instance)
        text = _("The webhook address is new. Set it at the provider now; the old one no longer works.")
        self.message_user(request, text, messages.WARNING)

    def _asked(self, request: HttpRequest, ask: Callable[[], Any]) -> tuple[bool, Any]:
        """Whether the provider did it, and what it answered; the user is told why it did not."""
        try:
            return True, ask()
        except (ProviderError, CannotDecrypt) as exc:
            told = {"reason": exc}
            self.message_user(
                request, _("The provider does not answer as it should: %(reason)s") % told, messages.ERROR
            )
        return False, None


def _can_pair(instance: WhatsappInstance) -> bool:
    return PROVIDERS[instance.provider].can_pair


def _slot(name: str, told: str) -> Slot:
    if told == reading_back.OURS:
        return Slot(name, "ok", _("comes here"))
    if told == reading_back.NOWHERE:
        return Slot(name, "unknown", _("not set"))
    if reading_back.is_this_host(told):
        return Slot(name, "failed", _("comes here with another key or path"))
    host = display.visible_name(told.removeprefix(reading_back.ELSEWHERE))
    return Slot(name, "failed", _("goes to %(host)s") % {"host": host})


def _stored(instance: WhatsappInstance) -> Iterator[tuple[str, str]]:
    names = {"token": _("token"), "app_secret": _("app secret"), "verify_token": _("verify token")}
    for field, name in names.items():
        try:
            word = _("stored") if getattr(instance, field) else _("not set")
        except CannotDecrypt:
            word = _("cannot be read with the present keys; enter it again")
        yield name, word
