"""Exports: asked for by a button where the data are, made by the worker, downloaded here."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import may
from accounts.admin import display
from accounts.admin.access import ForManagers, OfClient, ReadOnly
from accounts.admin.paging import Paged
from accounts.admin.verbs import Verb, WithVerbs
from accounts.models import Client, Role
from messaging.downloads import download
from messaging.models import Contact, Conversation, Export
from messaging.serializers.conversations import SECRETS
from messaging.services import exporting

REMOVE = Verb(
    slug="remove",
    label=_("Remove"),
    method="remove",
    role=Role.MANAGER,
    icon="trash",
    confirm=_("Remove this export before its time?"),
)
ROWS: dict[str, Any] = {
    "client": Client.objects.all(),
    "conversation": Conversation.objects.select_related("instance__client").defer(*SECRETS),
    "contact": Contact.objects.select_related("client"),
}


@admin.register(Export)
class ExportAdmin(Paged, ReadOnly, ForManagers, WithVerbs):
    time_field = "created_at"
    list_display = ("what", "client", "status", "progress", "size_shown", "requested", "until", "file")
    list_display_links = ("what",)
    list_filter = ("state", "scope", ("client", OfClient))
    list_select_related = ("client", "requested_by")
    verbs = (REMOVE,)
    empty_advice = _(
        "Nothing was exported yet. There is a button on the pages of conversations, contacts and clients."
    )
    readonly_fields = (
        *("what", "client", "status", "error", "progress", "files", "absent", "size_shown"),
        *("requested_by", "requested", "ready", "until", "file"),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("request/", view(self._request), name="messaging_export_request"),
            path("<int:pk>/content/", view(self._content), name="messaging_export_content"),
        ]
        return [*own, *super().get_urls()]

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        return [] if row.state == Export.State.EXPIRED else super().verbs_for(request, row)

    def remove(self, request: HttpRequest, export: Export) -> None:
        exporting.remove([export], "removed by hand")
        self.message_user(request, gettext("The export is removed."), messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _request(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        made = exporting.request_export(_named(request), by=_person(request), now=timezone.now())
        self.message_user(
            request,
            gettext("The worker makes the export now; this page shows how far it is."),
            messages.SUCCESS,
        )
        return redirect("admin:messaging_export_change", made.pk)

    def _content(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        export = self.get_object(request, str(pk))
        if export is None:
            raise Http404
        if not self.has_view_permission(request, export):
            raise PermissionDenied
        if not export.is_ready:
            self.message_user(request, gettext("This export cannot be downloaded now."), messages.WARNING)
            return redirect("admin:messaging_export_change", pk)
        return download(request, export, by=request.user, now=timezone.now())

    @admin.display(description=_("export"))
    def what(self, export: Export) -> str:
        return f"{export.get_scope_display()} · {export.pk}"

    @admin.display(description=_("state"), ordering="state")
    def status(self, export: Export) -> str:
        return display.badge(export.state, export.get_state_display())

    @admin.display(description=_("messages"))
    def progress(self, export: Export) -> str:
        if not export.is_under_way or not export.messages_total:
            return str(export.messages)
        bar = '<progress max="{}" value="{}"></progress> {} / {}'
        numbers = (export.messages_total, export.messages)
        return format_html(bar, *numbers, *reversed(numbers))

    @admin.display(description=_("size"))
    def size_shown(self, export: Export) -> str:
        return display.size(export.size)

    @admin.display(description=_("requested"), ordering="created_at")
    def requested(self, export: Export) -> str:
        return display.when(export.created_at)

    @admin.display(description=_("ready"))
    def ready(self, export: Export) -> str:
        return display.when(export.ready_at)

    @admin.display(description=_("kept until"))
    def until(self, export: Export) -> str:
        return display.when(export.expires_at) if export.is_ready else display.NOTHING

    @admin.display(description=_("file"))
    def file(self, export: Export) -> str:
        if not export.is_ready:
            return display.NOTHING
        address = reverse("admin:messaging_export_content", args=[export.pk])
        return format_html('<a class="mc-button" href="{}">{}</a>', address, gettext("Download"))


def _named(request: HttpRequest) -> Any:
    """The row that is asked for, if the user manages it."""
    for name, rows in ROWS.items():
        pk = request.POST.get(name, "")
        if not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
            continue
        found = rows.all().visible_to(request.user).filter(pk=int(pk)).first()
        if found is None:
            raise Http404
        if not may(request.user, Role.MANAGER, found):
            raise PermissionDenied
        return found
    raise Http404


def _person(request: HttpRequest) -> Any:
    return request.user
