"""The audit trail, for managers: who did what, when, and to what."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import may
from accounts.admin import display
from accounts.admin.access import ReadOnly, TenantAdmin
from accounts.admin.paging import Paged, PagedChangeList
from accounts.admin.trail_filters import About, Act, OfManagedClient, Person, When
from accounts.admin.trail_words import ACTIONS, FACTS, OBJECTS, VIA
from accounts.models import AuditEntry, Client, Role, WhatsappInstance
from accounts.numbers import whole_number

COLUMNS = ("time", "who", "act", "what", "line", "details", "origin")
SECRETS = tuple(f"instance__{name}" for name in WhatsappInstance.SECRET_FIELDS)


class TrailChangeList(PagedChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        find_objects(self.result_list, request)


@admin.register(AuditEntry)
class AuditEntryAdmin(Paged, ReadOnly, TenantAdmin):
    """Written by what people do. Nobody adds, changes or deletes here."""

    time_field = "at"
    list_display = COLUMNS
    list_display_links = ("time",)
    list_filter = (("client", OfManagedClient), Person, Act, About, When)
    search_fields = ("object_label",)
    search_help_text = gettext_lazy("The number of an object, or how a name begins")
    empty_advice = gettext_lazy("Nothing is noted yet. What people open, send and change appears here.")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Role.MANAGER)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Role.MANAGER)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super(TenantAdmin, self).get_queryset(request)
        if not request.user.is_superuser:
            # As plain numbers: along (client, at) a page is read from one end of the index.
            managed = Client.objects.visible_to(request.user, role=Role.MANAGER)
            rows = rows.filter(client__in=list(managed.values_list("pk", flat=True)))
        return rows.select_related("client", "instance").defer(*SECRETS)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TrailChangeList]:
        return TrailChangeList

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip().removeprefix("#")
        if pk := whole_number(term):
            return queryset.filter(object_type__in=list(OBJECTS), object_id=pk), False
        if not term:
            return queryset, False
        named = Q(object_label__startswith=term) & ~Q(object_label="")
        return (queryset.none() if "\0" in term else queryset.filter(named)), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            find_objects([found], request)
        return found

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return COLUMNS

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return COLUMNS

    @admin.display(description=gettext_lazy("Time"))
    def time(self, entry: AuditEntry) -> str:
        return date_format(localtime(entry.at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("Person"))
    def who(self, entry: AuditEntry) -> str:
        if not entry.username:
            return _("Command line") if entry.via == AuditEntry.Via.COMMAND else display.NOTHING
        if not entry.token_hint:
            return display.visible_name(entry.username)
        token = _("token %(hint)s…") % {"hint": entry.token_hint}
        return format_html('{}<span class="mc-under">{}</span>', display.visible_name(entry.username), token)

    @admin.display(description=gettext_lazy("Action"))
    def act(self, entry: AuditEntry) -> str:
        return str(ACTIONS.get(entry.action, entry.action))

    @admin.display(description=gettext_lazy("Object"))
    def what(self, entry: Any) -> str:
        if entry.object_id is None:
            return display.NOTHING
        kind = OBJECTS.get(entry.object_type, entry.object_type)
        label = display.visible_name(entry.object_label) or f"{kind} #{entry.object_id}"
        address = getattr(entry, "address_of_object", "")
        return format_html('<a href="{}">{}</a>', address, label) if address else label

    @admin.display(description=gettext_lazy("Line"))
    def line(self, entry: AuditEntry) -> str:
        name = entry.instance or entry.client
        return display.visible_name(str(name)) if name else display.NOTHING

    @admin.display(description=gettext_lazy("Details"))
    def details(self, entry: AuditEntry) -> str:
        found = [f"{FACTS.get(name, name)}: {value}" for name, value in entry.facts.items()]
        return " · ".join(found) or display.NOTHING

    @admin.display(description=gettext_lazy("From"))
    def origin(self, entry: AuditEntry) -> str:
        return format_html('{}<span class="mc-under">{}</span>', VIA.get(entry.via, entry.via), entry.address)


def find_objects(entries: Any, request: HttpRequest) -> None:
    """Where each one's object is seen, while it is there and the reader's to see: a query for each kind of object."""
    for kind in {entry.object_type for entry in entries if entry.object_id is not None}:
        chosen = [entry for entry in entries if entry.object_type == kind and entry.object_id is not None]
        there = _there(kind, {entry.object_id for entry in chosen}, request)
        for entry in chosen:
            if entry.object_id in there:
                entry.address_of_object = _address(entry)


def _there(kind: str, pks: set[int], request: HttpRequest) -> set[int]:
    try:
        model = apps.get_model(kind)
    except (LookupError, ValueError):
        return set()
    model_admin = admin.site._registry.get(model)
    if model_admin is None or not model_admin.has_view_permission(request):
        return set()
    rows: Any = model._default_manager.all()
    visible = rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows
    return set(visible.order_by().filter(pk__in=pks).values_list("pk", flat=True))


def _address(entry: AuditEntry) -> str:
    try:
        page = reverse(f"admin:{entry.object_type.replace('.', '_')}_change", args=[entry.object_id])
    except NoReverseMatch:
        return ""
    message = entry.facts.get("message")
    return f"{page}?message={message}#message-{message}" if message else page
