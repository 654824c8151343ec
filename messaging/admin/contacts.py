"""People who write to a client: who they are, and what the law gives them a right to."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import may
from accounts.admin import display
from accounts.admin.access import OfClient, TenantAdmin
from accounts.admin.paging import Paged
from accounts.models import Role
from messaging.models import Contact
from messaging.search import contacts_matching
from messaging.services import conversing, erasing
from messaging.services.holds import IsHeld, hold_on

CONVERSATIONS = 20
COUNTED = {
    "conversations": _("Conversations"),
    "messages": _("Messages in them"),
    "messages_emptied": _("Messages in groups, emptied"),
    "media": _("Files"),
    "reactions": _("Reactions"),
    "notes": _("Notes"),
    "names": _("Numbers and names"),
}


@admin.register(Contact)
class ContactAdmin(Paged, TenantAdmin):
    time_field = "created_at"
    list_display = ("__str__", "numbers", "client", "since")
    list_filter = (("client", OfClient),)
    list_select_related = ("client",)
    search_fields = ("name",)
    search_help_text = _("Search names and numbers")
    change_role = Role.OPERATOR
    empty_advice = _("Nobody has written yet.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("client").prefetch_related("aliases")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (contacts_matching(queryset, search_term) if search_term.strip() else queryset), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self._erase)
        return [path("<int:pk>/erase/", view, name="messaging_contact_erase"), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name",)

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        if form.changed_data:
            conversing.rename_contact(obj, obj.name, now=timezone.now())

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        contact: Contact = kwargs["obj"]
        context |= {
            "aliases": list(contact.aliases.all()),
            "conversations": list(contact.conversations.order_by("-last_message_at")[:CONVERSATIONS]),
            "may_manage": may(request.user, Role.MANAGER, contact),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Erasing is another thing, and takes everything along."""
        return False

    @admin.display(description=_("numbers and names"))
    def numbers(self, contact: Contact) -> str:
        return ", ".join(alias.value for alias in contact.aliases.all()) or display.NOTHING

    @admin.display(description=_("since"), ordering="created_at")
    def since(self, contact: Contact) -> str:
        return display.when(contact.created_at)

    def _erase(self, request: HttpRequest, pk: int) -> HttpResponse:
        contact = self.get_object(request, str(pk))
        if contact is None:
            raise Http404
        if not may(request.user, Role.MANAGER, contact):
            raise PermissionDenied
        if request.method == "POST" and request.POST.get("confirmed") == "yes":
            return self._begin(request, contact)
        counts = erasing.preview(contact)
        facts = {
            "contact": contact,
            "title": gettext("Erase a person"),
            "counts": [(label, counts[name]) for name, label in COUNTED.items()],
            "hold": hold_on(contact),
            "opts": self.opts,
        }
        page = {**self.admin_site.each_context(request), **facts}
        return TemplateResponse(request, "admin/messaging/contact/erase.html", page)

    def _begin(self, request: HttpRequest, contact: Contact) -> HttpResponse:
        by: Any = request.user
        try:
            receipt = erasing.request_erasure(contact, by=by, now=timezone.now())
        except IsHeld:
            self.message_user(
                request, gettext("A legal hold is in force: nothing is erased."), messages.ERROR
            )
            return redirect("admin:messaging_contact_change", contact.pk)
        self.message_user(
            request, gettext("The worker erases it now; the receipt says how far it is."), messages.SUCCESS
        )
        return redirect("admin:messaging_purgereceipt_change", receipt.pk)
