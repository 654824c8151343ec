"""Who may see and do what in the admin: memberships decide, not Django's model permissions."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.access import may
from accounts.admin.audited import Audited
from accounts.models import Role

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _TabularInline = admin.TabularInline[Any, Any]
    _RelatedFilter = admin.RelatedFieldListFilter
else:
    _ModelAdmin = admin.ModelAdmin
    _TabularInline = admin.TabularInline
    _RelatedFilter = admin.RelatedFieldListFilter

LONGEST_ID = 19


class ReadOnly(_ModelAdmin):
    """Rows that only the product writes: people look, and use verbs. The template shows what there is."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """None: a FileField shown by the admin asks for an address, and a body would be shown as it is."""
        return []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ByMembership:
    """Permissions of a model admin or of an inline, where the row is the parent's."""

    add_role: Role | None = None
    change_role: Role | None = None
    delete_role: Role | None = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Role.VIEWER)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Role.VIEWER, obj)

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Role.OPERATOR, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, self.add_role, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, self.change_role, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, self.delete_role, obj)


class TenantAdmin(ByMembership, Audited):
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    empty_advice: str | Promise = ""

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.visible_to(request.user)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        related = db_field.related_model._default_manager.all()
        if "queryset" not in kwargs and hasattr(related, "visible_to"):
            kwargs["queryset"] = related.visible_to(request.user, role=self.change_role or Role.VIEWER)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the filters offer: Django's own rule lets a reader guess any column letter by letter."""
        names = [entry[0] if isinstance(entry, tuple) else entry for entry in self.get_list_filter(request)]
        fields = [name for name in names if isinstance(name, str)]
        allowed = {f"{name}{end}" for name in fields for end in ("", "__exact", "__id__exact", "__isnull")}
        own = {entry.parameter_name for entry in names if hasattr(entry, "parameter_name")}
        return lookup in allowed | own

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        return super().changelist_view(request, extra_context=title | (extra_context or {}))

    def get_actions(self, request: HttpRequest) -> Any:
        """Deleting many at once would first list every row that depends on them."""
        return {
            name: action for name, action in super().get_actions(request).items() if name != "delete_selected"
        }

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Rows are named by numbers; Django would ask the database for whatever stands in their place."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(pk.isascii() and pk.isdigit() and len(pk) < LONGEST_ID for pk in chosen):
            raise BadRequest
        return super().response_action(request, queryset, *args, **kwargs)

    def operable(self, request: HttpRequest, rows: QuerySet[Any]) -> Any:
        visible: Any = rows
        return visible.visible_to(request.user, role=Role.OPERATOR)


class ForManagers(TenantAdmin):
    """Their own clients' rows, for managers only."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Role.MANAGER)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Role.MANAGER, obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user, role=Role.MANAGER)


class NamedFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """In a table a field's name stands in the head of its column only; a screen reader is told it at the field."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            # A choice of related rows is wrapped in the links that add and change them.
            widget = getattr(field.widget, "widget", field.widget)
            widget.attrs.setdefault("aria-label", str(field.label))


class TenantInline(ByMembership, _TabularInline):
    formset = NamedFormSet


class VisibleChoices(_RelatedFilter):
    """A filter by a related row with a name that offers only what the user may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        visible = field.related_model._default_manager.visible_to(request.user)
        # A line's whole row would cost decrypting its secrets.
        return list(visible.values_list("pk", "name"))


class OfClient(VisibleChoices):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("client")


class OfLine(VisibleChoices):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("line")
