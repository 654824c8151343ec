"""WhatsApp instances: is the line up, do its webhooks arrive, and what to do if not."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from accounts import services
from accounts.access import may
from accounts.admin import display
from accounts.admin.access import VisibleChoices
from accounts.admin.verbs import Verb, WithVerbs
from accounts.fields import CannotDecrypt
from accounts.models import Role, WhatsappInstance
from accounts.providers.errors import ProviderError

_KEPT = "Never shown again. Leave empty to keep what is stored."


def _secret(label: str, purpose: str) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"})
    return forms.CharField(label=label, required=False, widget=widget, help_text=f"{purpose} {_KEPT}")


class InstanceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Stored secrets never enter the form, so no page can show them; a new value replaces the old one."""

    new_token = _secret("Token", "The instance's access token.")
    new_app_secret = _secret("App secret", "Cloud API: the Meta app's secret, which signs webhooks.")
    new_verify_token = _secret("Verify token", "Cloud API: the word of Meta's webhook handshake.")

    class Meta:
        model = WhatsappInstance
        fields = (
            "client",
            "name",
            "provider",
            "instance_id",
            "phone_number",
            "media_strategies",
            "is_active",
        )

    def clean_media_strategies(self) -> str:
        words = [word.strip() for word in self.cleaned_data["media_strategies"].split(",") if word.strip()]
        known = WhatsappInstance.STRATEGIES
        unknown = [word for word in words if word not in known]
        if unknown:
            raise ValidationError(f"Not a strategy: {', '.join(unknown)}. There are {', '.join(known)}.")
        return ",".join(words)

    def save(self, commit: bool = True) -> Any:
        for name in WhatsappInstance.SECRET_FIELDS:
            if self.cleaned_data.get(f"new_{name}"):
                setattr(self.instance, name, self.cleaned_data[f"new_{name}"])
        return super().save(commit)


@admin.register(WhatsappInstance)
class InstanceAdmin(WithVerbs):
    form = InstanceForm
    list_display = ("name", "client", "provider", "state", "last_event", "trouble")
    list_filter = ("provider", "status", ("client", VisibleChoices), "is_active")
    list_select_related = ("client",)
    search_fields = ("name", "instance_id", "phone_number")
    add_role = change_role = Role.MANAGER
    empty_advice = (
        "No instance yet. Add one here with its instance id and token, then set its webhook address at the "
        "provider; or let `python manage.py create_instance` do all of it."
    )
    verbs = (
        Verb(slug="check", label="Check status", method="check_status", icon="pulse"),
        Verb(
            slug="webhooks",
            label="Set webhooks at the provider",
            method="set_webhooks",
            role=Role.MANAGER,
            icon="link",
            confirm="Set this instance's webhook address at the provider? It replaces what is set there.",
        ),
        Verb(
            slug="rotate",
            label="Rotate webhook key",
            method="rotate_key",
            role=Role.MANAGER,
            icon="key",
            confirm="Make a new webhook address? The old one stops working at once.",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).sealed()

    @admin.display(description="status", ordering="status")
    def state(self, instance: WhatsappInstance) -> str:
        return display.badge(instance.status) if instance.is_active else display.badge("switched off")

    @admin.display(description="last event", ordering="last_event_at")
    def last_event(self, instance: WhatsappInstance) -> str:
        return display.when(instance.last_event_at) if instance.last_event_at else "never"

    @admin.display(description="alarm")
    def trouble(self, instance: WhatsappInstance) -> str:
        if not instance.alarm:
            return display.NOTHING
        return format_html('<span class="mc-alarm">{}{}</span>', display.icon("alert"), instance.alarm)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = ["client", "name", "provider", "instance_id", "phone_number", "media_strategies", "is_active"]
        shown: list[Any] = [(None, {"fields": names})]
        if obj is None or self.has_change_permission(request, obj):
            secrets = [f"new_{name}" for name in WhatsappInstance.SECRET_FIELDS]
            shown.append(("Secrets", {"fields": secrets, "description": "Encrypted at rest."}))
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

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        instance = kwargs.get("obj")
        if instance is not None:
            manages = may(request.user, Role.MANAGER, instance)
            context["manages"] = manages
            context["webhook_url"] = services.webhook_url(instance) if manages else ""
            context["secrets_stored"] = list(_stored(instance)) if manages else []
            context["silent"] = is_silent(instance, timezone.now())
        return super().render_change_form(request, context, *args, **kwargs)

    def check_status(self, request: HttpRequest, instance: WhatsappInstance) -> None:
        try:
            line = services.refresh_status(instance, now=timezone.now())
        except (ProviderError, CannotDecrypt) as exc:
            self.message_user(request, f"The provider could not be asked: {exc}", messages.ERROR)
            return
        word = "connected" if line.connected else "not connected"
        self.message_user(request, f"The line is {word}. {line.detail}".strip(), _level(line.connected))

    def set_webhooks(self, request: HttpRequest, instance: WhatsappInstance) -> None:
        try:
            done = services.configure_webhooks(instance)
        except (ProviderError, CannotDecrypt) as exc:
            self.message_user(request, f"The webhooks could not be set: {exc}", messages.ERROR)
            return
        self.message_user(request, f"Set at the provider: {', '.join(done) or 'nothing'}.", messages.SUCCESS)

    def rotate_key(self, request: HttpRequest, instance: WhatsappInstance) -> None:
        services.rotate_webhook_key(instance)
        text = "The webhook address is new. Set it at the provider now; the old one no longer works."
        self.message_user(request, text, messages.WARNING)


def is_silent(instance: WhatsappInstance, now: datetime) -> bool:
    heard = instance.last_event_at or instance.created_at
    return instance.is_active and heard < now - WhatsappInstance.SILENT_AFTER


def _level(good: bool) -> int:
    return messages.SUCCESS if good else messages.WARNING


def _stored(instance: WhatsappInstance) -> Iterator[tuple[str, str]]:
    for name in WhatsappInstance.SECRET_FIELDS:
        try:
            word = "stored" if getattr(instance, name) else "not set"
        except CannotDecrypt:
            word = "cannot be read with the present keys; enter it again"
        yield name.replace("_", " "), word
