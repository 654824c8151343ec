from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from accounts.admin import display
from accounts.admin.access import TenantAdmin, VisibleChoices
from accounts.admin.paging import Paged
from accounts.models import Role, User
from messaging.admin.thread import read_thread
from messaging.models import Conversation, Message
from messaging.search import conversations_matching
from messaging.services import conversing

PREVIEW = 90
KIND_ICONS = {"direct": "person", "group": "people", "channel": "channel"}


@admin.register(Conversation)
class ConversationAdmin(Paged, TenantAdmin):
    time_field = "last_message_at"
    list_display = ("who", "unread", "instance", "last_message", "progress")
    list_filter = ("status", "kind", ("instance", VisibleChoices), ("instance__client", VisibleChoices))
    list_select_related = ("instance", "contact")
    search_fields = ("title", "contact__name", "contact__aliases__value")
    search_help_text = "A title, a name, or a phone number"
    change_role = Role.OPERATOR
    empty_advice = (
        "No conversation here. One appears with the first message; if none comes, see the instance."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = Message.objects.filter(conversation=OuterRef("pk")).order_by("-sent_at", "-id")
        latest = rows.annotate(preview=Left("text", PREVIEW))
        found = {
            f"latest_{name}": Subquery(latest.values(name)[:1])
            for name in ("preview", "type", "direction", "revoked_at")
        }
        return super().get_queryset(request).select_related("instance__client", "contact").annotate(**found)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (conversations_matching(queryset, search_term) if search_term.strip() else queryset), False

    @admin.display(description="conversation")
    def who(self, conversation: Any) -> str:
        picture = display.icon(KIND_ICONS.get(conversation.kind, "person"))
        name = display.visible_name(str(conversation))
        frame = '<span class="mc-who">{}<span>{}<span class="mc-latest">{}</span></span></span>'
        return format_html(frame, picture, name, self._latest(conversation))

    def _latest(self, conversation: Any) -> str:
        if conversation.latest_type is None:
            return ""
        ours = "You: " if conversation.latest_direction == Message.Direction.OUTBOUND else ""
        said = (
            "deleted"
            if conversation.latest_revoked_at
            else conversation.latest_preview or conversation.latest_type
        )
        return ours + " ".join(said.split())

    @admin.display(description="unread")
    def unread(self, conversation: Conversation) -> str:
        if not conversation.unread_count:
            return ""
        return format_html('<span class="mc-unread">{}</span>', conversation.unread_count)

    @admin.display(description="when")
    def last_message(self, conversation: Conversation) -> str:
        return display.when(conversation.last_message_at)

    @admin.display(description="status")
    def progress(self, conversation: Conversation) -> str:
        return display.badge(conversation.status)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["status", "assigned_to"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if obj and "assigned_to" in form.base_fields:
            people = User.objects.filter(is_active=True, memberships__client=obj.instance.client_id)
            field: Any = form.base_fields["assigned_to"]
            field.queryset, field.widget = people.distinct(), field.widget.widget
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only what was changed: the counters belong to the worker."""
        facts = {"status": obj.status, "assigned_to": obj.assigned_to_id}
        changed = {name: facts[name] for name in form.changed_data}
        conversing.alter(obj, changed, now=timezone.now())

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        conversation = kwargs["obj"]
        chosen = {"before": request.GET.get("before", ""), "upto": request.GET.get("message", "")}
        context |= {
            "conversation": conversation,
            "thread": read_thread(conversation, **chosen),
            "aliases": list(conversation.contact.aliases.all()[:20]) if conversation.contact else [],
            "may_operate": self.has_operate_permission(request, conversation),
            "title": display.visible_name(str(conversation)),
            "subtitle": None,
        }
        return super().render_change_form(request, context, *args, **kwargs)
