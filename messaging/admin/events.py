from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.admin import display
from accounts.admin.access import ReadOnly, VisibleChoices
from accounts.admin.paging import Paged
from accounts.admin.verbs import Verb, WithVerbs
from messaging.bodies import readable
from messaging.models import WebhookEvent
from messaging.services import processing

SHORT = 120


@admin.register(WebhookEvent)
class WebhookEventAdmin(Paged, ReadOnly, WithVerbs):
    """A log: nothing is added or edited; what went wrong can be processed again."""

    list_display = ("number", "received", "instance", "status", "short_error", "attempts")
    list_display_links = ("number", "received")
    list_filter = ("state", ("instance", VisibleChoices), ("instance__client", VisibleChoices))
    list_select_related = ("instance",)
    actions = ("process_again_action",)
    verbs = (Verb(slug="process-again", label=_("Process again"), method="process_again", icon="retry"),)
    empty_advice = _("No webhook event here. Set the address shown on the instance's page at the provider.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("body")

    @admin.display(description=_("event"))
    def number(self, event: WebhookEvent) -> str:
        return f"#{event.pk}"

    @admin.display(description=_("received"))
    def received(self, event: WebhookEvent) -> str:
        return display.when(event.received_at)

    @admin.display(description=_("state"))
    def status(self, event: WebhookEvent) -> str:
        return display.badge(event.state)

    @admin.display(description=_("error"))
    def short_error(self, event: WebhookEvent) -> str:
        lines = event.error.strip().splitlines() or [display.NOTHING]
        return format_html('<span class="mc-reason">{}</span>', lines[-1][:SHORT])

    @admin.action(description=_("Process again"), permissions=["operate"])
    def process_again_action(self, request: HttpRequest, queryset: Any) -> None:
        count = processing.process_again(self.operable(request, queryset), now=timezone.now())
        self._tell(request, count)

    def process_again(self, request: HttpRequest, event: WebhookEvent) -> None:
        rows = WebhookEvent.objects.filter(pk=event.pk)
        self._tell(request, processing.process_again(rows, now=timezone.now()))

    def _tell(self, request: HttpRequest, count: int) -> None:
        text = ngettext(
            "%(count)d webhook event will be processed again.",
            "%(count)d webhook events will be processed again.",
            count,
        )
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, text % {"count": count}, level)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        event = kwargs["obj"]
        audit.note_once(audit.Action.EVENT_OPENED, event)
        context |= {
            "event": event,
            "body": readable(bytes(event.body)),
            "title": gettext("Webhook event #%(number)d") % {"number": event.pk},
        }
        context["subtitle"] = None
        return super().render_change_form(request, context, *args, **kwargs)
