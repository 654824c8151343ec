"""Webhooks out, for managers: where to, whether it works, and the log of deliveries."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.access import may
from accounts.admin import display
from accounts.admin.access import ReadOnly, TenantAdmin, VisibleChoices
from accounts.admin.paging import Paged
from accounts.admin.verbs import Verb, WithVerbs
from accounts.models import Role
from accounts.providers.errors import HostNotAllowed
from messaging.bodies import readable
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.serializers.endpoints import EVENTS
from messaging.services import webhooks_out
from messaging.targets import check_target

SHORT = 120
OFF = _("Nothing was queued: the endpoint is switched off. Switch it on first.")
TEST = Verb(slug="test", label=_("Send a test event"), method="send_test", role=Role.MANAGER, icon="pulse")
ENABLE = Verb(slug="enable", label=_("Switch on"), method="enable", role=Role.MANAGER, icon="check")
ENABLE_FROM_NOW = Verb(
    slug="enable-from-now",
    label=_("Switch on from now"),
    method="enable_from_now",
    role=Role.MANAGER,
    icon="check",
    confirm=_("Switch it on and let go of everything that was missed?"),
)
DISABLE = Verb(slug="disable", label=_("Switch off"), method="disable", role=Role.MANAGER, icon="none")
ROTATE = Verb(
    slug="rotate",
    label=_("Rotate secret"),
    method="rotate",
    role=Role.MANAGER,
    icon="key",
    confirm=_("Make a new signing secret? The receiver refuses what comes until it knows the new one."),
)


class ManagersOnly(TenantAdmin):
    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Role.MANAGER)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Role.MANAGER, obj)

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Role.MANAGER)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The page before would list every delivery; the API deletes."""
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.visible_to(request.user, role=Role.MANAGER)


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    events = forms.MultipleChoiceField(
        choices=[(event, event) for event in EVENTS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Events"),
        help_text=_("None: everything."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("client", "name", "url", "events")

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            check_target(url)
        except HostNotAllowed as exc:
            told = {"reason": exc.reason}
            raise ValidationError(
                gettext("Webhooks go to a public host, by https: %(reason)s.") % told
            ) from exc
        return url


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ManagersOnly, WithVerbs):
    form = EndpointForm
    list_display = ("title", "client", "state", "reason", "last_success")
    list_filter = ("is_active", ("client", VisibleChoices))
    list_select_related = ("client",)
    add_role = change_role = Role.MANAGER
    notes_itself = True
    verbs = (TEST, ENABLE, ENABLE_FROM_NOW, DISABLE, ROTATE)
    empty_advice = _("No webhook endpoint yet. Add one, and a client's own system is told of every change.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).sealed()

    @admin.display(description=_("endpoint"))
    def title(self, endpoint: WebhookEndpoint) -> str:
        return display.visible_name(str(endpoint))[:SHORT]

    @admin.display(description=_("state"))
    def state(self, endpoint: WebhookEndpoint) -> str:
        return state_of(endpoint)

    @admin.display(description=_("reason"))
    def reason(self, endpoint: WebhookEndpoint) -> str:
        return gettext(endpoint.disabled_reason) if endpoint.disabled_reason else display.NOTHING

    @admin.display(description=_("last success"))
    def last_success(self, endpoint: WebhookEndpoint) -> str:
        return display.when(endpoint.last_success_at)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("client",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            facts = {name: form.cleaned_data[name] for name in form.changed_data}
            webhooks_out.change(obj, facts, now=timezone.now())
            return
        made = webhooks_out.create(**form.cleaned_data)
        obj.pk = made.pk
        self._show_secret(request, made.secret)

    def _show_secret(self, request: HttpRequest, secret: str) -> None:
        text = gettext("The signing secret, shown only now: %(secret)s") % {"secret": secret}
        self.message_user(request, text, messages.WARNING)

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        fitting = (TEST, DISABLE, ROTATE) if row.is_active else (ENABLE, ENABLE_FROM_NOW, ROTATE)
        return [verb for verb in super().verbs_for(request, row) if verb in fitting]

    def send_test(self, request: HttpRequest, endpoint: WebhookEndpoint) -> None:
        try:
            webhooks_out.ping(endpoint, now=timezone.now())
        except webhooks_out.SwitchedOff:
            self.message_user(request, OFF, messages.WARNING)
            return
        text = gettext("A test event is on its way; see the deliveries.")
        self.message_user(request, text, messages.SUCCESS)

    def enable(self, request: HttpRequest, endpoint: WebhookEndpoint) -> None:
        webhooks_out.enable(endpoint, now=timezone.now())
        text = gettext("Switched on: it carries on where it stopped.")
        self.message_user(request, text, messages.SUCCESS)

    def enable_from_now(self, request: HttpRequest, endpoint: WebhookEndpoint) -> None:
        webhooks_out.enable(endpoint, now=timezone.now(), from_now=True)
        self.message_user(request, gettext("Switched on, from now on."), messages.SUCCESS)

    def disable(self, request: HttpRequest, endpoint: WebhookEndpoint) -> None:
        webhooks_out.disable(endpoint)
        text = gettext("Switched off. What was missed is kept for a while.")
        self.message_user(request, text, messages.SUCCESS)

    def rotate(self, request: HttpRequest, endpoint: WebhookEndpoint) -> None:
        self._show_secret(request, webhooks_out.rotate_secret(endpoint))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        endpoint = kwargs.get("obj")
        if endpoint is not None:
            log = reverse("admin:messaging_webhookdelivery_changelist")
            context |= {
                "state": state_of(endpoint),
                "deliveries_url": f"{log}?endpoint__id__exact={endpoint.pk}",
                "subtitle": None,
            }
        return super().render_change_form(request, context, *args, **kwargs)


def state_of(endpoint: WebhookEndpoint) -> str:
    if not endpoint.is_active:
        return display.badge("failed" if endpoint.disabled_reason else "closed", gettext("switched off"))
    failing = endpoint.failing_since is not None
    return display.badge("unavailable", gettext("failing")) if failing else display.badge("ok", gettext("on"))


class EndpointChoices(VisibleChoices):
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Read without secrets: one that cannot be decrypted breaks no page."""
        rows = WebhookEndpoint.objects.sealed().visible_to(request.user, role=Role.MANAGER)
        return [(row.pk, str(row)) for row in rows]


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(Paged, ReadOnly, ManagersOnly, WithVerbs):
    """A log: nothing is added or edited; what went wrong can be delivered again."""

    list_display = ("number", "event_type", "to", "status", "short_error", "attempts", "created")
    list_display_links = ("number", "event_type")
    list_filter = ("state", ("endpoint", EndpointChoices))
    actions = ("deliver_again_action",)
    verbs = (
        Verb(
            slug="deliver-again",
            label=_("Deliver again"),
            method="deliver_again",
            role=Role.MANAGER,
            icon="retry",
        ),
    )
    empty_advice = _("No delivery here. One appears for every change that a webhook endpoint is told of.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("endpoint").defer("body", "endpoint__secret")

    @admin.display(description=_("delivery"))
    def number(self, delivery: WebhookDelivery) -> str:
        return f"#{delivery.pk}"

    @admin.display(description=_("endpoint"))
    def to(self, delivery: WebhookDelivery) -> str:
        return display.visible_name(str(delivery.endpoint))[:SHORT]

    @admin.display(description=_("state"))
    def status(self, delivery: WebhookDelivery) -> str:
        return badge_of(delivery)

    @admin.display(description=_("last error"))
    def short_error(self, delivery: WebhookDelivery) -> str:
        text = delivery.error[:SHORT] or display.NOTHING
        return format_html('<span class="mc-reason">{}</span>', text)

    @admin.display(description=_("created"))
    def created(self, delivery: WebhookDelivery) -> str:
        return display.when(delivery.created_at)

    @admin.action(description=_("Deliver again"), permissions=["manage"])
    def deliver_again_action(self, request: HttpRequest, queryset: Any) -> None:
        self._again(request, queryset)

    def deliver_again(self, request: HttpRequest, delivery: WebhookDelivery) -> None:
        self._again(request, WebhookDelivery.objects.filter(pk=delivery.pk))

    def _again(self, request: HttpRequest, rows: Any) -> None:
        mine = rows.visible_to(request.user, role=Role.MANAGER)
        count = webhooks_out.deliver_again(mine, now=timezone.now())
        if count:
            text = ngettext(
                "%(count)d delivery will be made again.", "%(count)d deliveries will be made again.", count
            )
            self.message_user(request, text % {"count": count}, messages.SUCCESS)
        else:
            text = gettext("Nothing to do: it is on its way, or its endpoint is switched off.")
            self.message_user(request, text, messages.WARNING)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        delivery = kwargs["obj"]
        context |= {
            "delivery": delivery,
            "state": badge_of(delivery),
            "body": readable(delivery.body.encode()),
            "title": gettext("Webhook delivery #%(number)d") % {"number": delivery.pk},
            "subtitle": None,
        }
        return super().render_change_form(request, context, *args, **kwargs)


def badge_of(delivery: WebhookDelivery) -> str:
    tones = {"delivering": "fetching", "delivered": "ok"}
    return display.badge(tones.get(delivery.state, delivery.state), display.word_of(delivery.state))
