from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from accounts import audit
from accounts.admin.access import OfClient, OfLine
from accounts.admin.paging import Paged
from accounts.middleware.clean_queries import without_nuls
from accounts.models import Role, WhatsappInstance
from messaging.admin.inbox import KEPT, InboxChangeList, inbox_of, search
from messaging.admin.inbox_config import page_config
from messaging.admin.inbox_filters import Assignee, Labelled, Unread
from messaging.admin.inbox_views import InboxViews
from messaging.admin.thread import read_thread
from messaging.models import Conversation
from messaging.services import conversing
from messaging.templatetags.inbox import name_of

SECRETS = tuple(f"instance__{name}" for name in WhatsappInstance.SECRET_FIELDS)


@admin.register(Conversation)
class ConversationAdmin(Paged, InboxViews):
    """The list is the inbox, a row's page is its thread. What is done there goes through the REST API; the small form
    works without a script as well."""

    time_field = "last_message_at"
    list_display = ("__str__",)
    list_filter = (
        Unread, Assignee, "status", ("instance__client", OfClient), ("instance", OfLine), Labelled, "kind",
    )  # fmt: skip
    search_fields = ("title", "contact__name", "contact__aliases__value")
    search_help_text = gettext_lazy("Search names, numbers and messages")
    change_role = Role.OPERATOR
    notes_itself = True

    @property
    def list_address(self) -> str:
        return reverse("admin:messaging_conversation_changelist")

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related("instance__client", "contact", "assigned_to")
        return rows.defer(*SECRETS)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[InboxChangeList]:
        return InboxChangeList

    def get_changelist_instance(self, request: HttpRequest) -> InboxChangeList:
        found: Any = super().get_changelist_instance(request)
        return found  # type: ignore[no-any-return]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search(request, queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        facts = {"config": page_config(request), "title": gettext("Inbox")}
        return super().changelist_view(request, extra_context=facts | (extra_context or {}))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """For what is sent; the page draws its own form."""
        return ["status", "assigned_to", "labels"] if request.method == "POST" else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if obj and "assigned_to" in form.base_fields:
            people: Any = form.base_fields["assigned_to"]
            labels: Any = form.base_fields["labels"]
            people.queryset, people.widget = conversing.assignable(obj), people.widget.widget
            labels.queryset = labels.queryset.filter(client=obj.instance.client_id)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only what was changed: the counters belong to the worker."""
        labels = [label.pk for label in form.cleaned_data["labels"]]
        facts = {"status": obj.status, "assigned_to": obj.assigned_to_id, "labels": labels}
        changed = {name: facts[name] for name in form.changed_data}
        conversing.alter(obj, changed, now=timezone.now())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The labels are saved already."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        conversation = kwargs["obj"]
        audit.note_once(audit.Action.CONVERSATION_OPENED, conversation)
        # Before anything is read: what changes from here on is told.
        config = page_config(request, conversation)
        asked = {name: request.GET.get(name, "") for name in ("before", "after")}
        thread = read_thread(conversation, **asked, around=request.GET.get("message", ""))
        kept = without_nuls(request.GET.get(KEPT, ""))
        context |= self.beside(request, conversation) | {
            "config": config | {"filters": kept, "chosen": request.GET.get("message", "")},
            "thread": thread,
            "cl": inbox_of(self, request, QueryDict(kept)),
            "current": conversation.pk,
            "kept": urlencode({KEPT: kept}) if kept else "",
            "title": name_of(conversation),
            "subtitle": None,
        }
        return super().render_change_form(request, context, *args, **kwargs)
