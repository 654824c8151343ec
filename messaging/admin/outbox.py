from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import display
from accounts.admin.access import ReadOnly, VisibleChoices
from accounts.admin.paging import Paged
from accounts.admin.verbs import Verb, WithVerbs
from accounts.models import WhatsappInstance
from messaging.models import OutboxItem
from messaging.services import sending
from messaging.templatetags.inbox import type_name

State = OutboxItem.State
_AGAIN = Verb(
    slug="send-again",
    label=_("Send again"),
    method="send_again",
    icon="retry",
    confirm=_("Send it again? If it arrived after all, they get it twice."),
)
_CANCEL = Verb(slug="cancel", label=_("Cancel"), method="cancel")
_SENT = Verb(slug="was-sent", label=_("It was sent"), method="was_sent")
_NOT_SENT = Verb(slug="was-not-sent", label=_("It was not sent"), method="was_not_sent")
_UNUSED = (
    *(f"instance__{name}" for name in WhatsappInstance.SECRET_FIELDS),
    *(f"message__{name}" for name in ("text", "payload", "earlier_texts")),
)
_VERBS = {
    State.PENDING: (_CANCEL,),
    State.UNKNOWN: (_SENT, _NOT_SENT, _AGAIN),
    State.FAILED: (_AGAIN,),
}


@admin.register(OutboxItem)
class OutboxItemAdmin(Paged, ReadOnly, WithVerbs):
    """Rows are made by whoever sends and moved by the worker; people look, and decide where the worker cannot."""

    list_display = ("what", "status", "why", "conversation", "instance", "created")
    list_display_links = ("what",)
    list_filter = (
        "state", "doubt", "action", ("instance", VisibleChoices), ("instance__client", VisibleChoices),
    )  # fmt: skip
    list_select_related = ("instance", "message", "conversation__contact")
    readonly_fields = (
        *(
            "what",
            "conversation",
            "instance",
            "status",
            "why",
            "attempts",
            "created_by",
            "created",
            "settled",
        ),
    )
    verbs = (_CANCEL, _SENT, _NOT_SENT, _AGAIN)
    empty_advice = _("Nothing has been sent from here yet.")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Newest first by id, along the indexes of states and lines."""
        return super().get_queryset(request).defer(*_UNUSED)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields

    @admin.display(description=_("send"))
    def what(self, item: OutboxItem) -> str:
        is_message = item.action == item.Action.MESSAGE
        return f"{type_name(item.message) if is_message else item.get_action_display()} {item.pk}"

    @admin.display(description=_("state"))
    def status(self, item: OutboxItem) -> str:
        return display.badge(
            "doubtful" if item.state == State.UNKNOWN else item.state,
            display.WORDS.get(item.state, item.state),
        )

    @admin.display(description=_("reason and next try"))
    def why(self, item: OutboxItem) -> str:
        reason = item.error or (item.get_doubt_display() if item.doubt else "")
        if item.state != State.PENDING:
            return reason or display.NOTHING
        next_try = format_html(gettext("Next try: {when}"), when=display.when(item.next_attempt_at))
        return format_html('{}<span class="mc-under">{}</span>', reason, next_try)

    @admin.display(description=_("created"))
    def created(self, item: OutboxItem) -> str:
        return display.when(item.created_at)

    @admin.display(description=_("settled"))
    def settled(self, item: OutboxItem) -> str:
        return display.when(item.settled_at)

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        fitting = _VERBS.get(State(row.state), ())
        return [verb for verb in super().verbs_for(request, row) if verb in fitting]

    def send_again(self, request: HttpRequest, item: OutboxItem) -> None:
        self._decide(
            request, lambda: sending.send_again(item, now=timezone.now()), gettext("It will be sent again.")
        )

    def cancel(self, request: HttpRequest, item: OutboxItem) -> None:
        self._decide(
            request, lambda: sending.cancel(item, now=timezone.now()), gettext("It will not be sent.")
        )

    def was_sent(self, request: HttpRequest, item: OutboxItem) -> None:
        self._settle(request, item, was_sent=True)

    def was_not_sent(self, request: HttpRequest, item: OutboxItem) -> None:
        self._settle(request, item, was_sent=False)

    def _settle(self, request: HttpRequest, item: OutboxItem, *, was_sent: bool) -> None:
        text = gettext("Noted as sent.") if was_sent else gettext("Noted as not sent; it can be sent again.")
        self._decide(request, lambda: sending.settle(item, was_sent=was_sent, now=timezone.now()), text)

    def _decide(self, request: HttpRequest, act: Callable[[], OutboxItem], text: str) -> None:
        try:
            act()
        except sending.NotSendable as exc:
            self.message_user(request, exc.detail, messages.WARNING)
        else:
            self.message_user(request, text, messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
