"""What is changed on the admin's own forms goes to the audit trail, and each row's history is found there."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts import audit
from accounts.access import may
from accounts.audit import Action
from accounts.models import Membership, RetentionRule, Role

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

# What the rows of a model are called before the dot of an action.
WORDS = {
    "accounts.client": "client", "accounts.user": "user", "accounts.whatsappinstance": "instance",
    "messaging.label": "label",
}  # fmt: skip
OF_MEMBERS = (
    ("new_objects", Action.MEMBER_ADDED),
    ("changed_objects", Action.MEMBER_CHANGED),
    ("deleted_objects", Action.MEMBER_REMOVED),
)


class Audited(_ModelAdmin):
    # True where what saves a form notes it already.
    notes_itself = False

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> list[Any]:
        """The names of the fields, for the three methods below."""
        return [name.removeprefix("new_") for name in form.changed_data]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if not self.notes_itself:
            audit.note(_action(obj, "created"), obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        # A password is noted as such wherever it is changed, and members for themselves.
        if self.notes_itself or not message or message == ["password"]:
            return
        rights: dict[str, Any] = {name: int(getattr(obj, name)) for name in message if _is_switch(obj, name)}
        audit.note(_action(obj, "changed"), obj, fields=", ".join(map(str, message)), **rights)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> Any:
        for obj in queryset:
            audit.note(_action(obj, "deleted"), obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        doomed = {id(one.instance): one.instance.pk for one in formset.deleted_forms}
        super().save_formset(request, form, formset, change)
        if formset.model is RetentionRule:
            _note_retention(form.instance, formset)
            return
        if formset.model is not Membership:
            if formset.has_changed():
                audit.note(
                    _action(form.instance, "changed"), form.instance, fields=formset.model._meta.model_name
                )
            return
        for name, action in OF_MEMBERS:
            for found in getattr(formset, name, ()):
                row = found[0] if isinstance(found, tuple) else found
                row.pk = row.pk or doomed.get(id(row))
                audit.note(action, row, user=row.user_id, role=row.role)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None and may_read_trail(request.user, row):
            context["trail"] = trail_of(row)
        return super().render_change_form(request, context, *args, **kwargs)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not may_read_trail(request.user, row):
            raise PermissionDenied
        return HttpResponseRedirect(trail_of(row))


def trail_of(row: Any) -> str:
    about = f"{row._meta.label_lower}:{row.pk}"
    return f"{reverse('admin:accounts_auditentry_changelist')}?{urlencode({'about': about})}"


def may_read_trail(user: Any, row: Any) -> bool:
    """What is of no client is the administrators' business."""
    is_of_client = hasattr(type(row)._default_manager.all(), "client_path")
    return may(user, Role.MANAGER if is_of_client else None, row)


def _action(obj: Any, what: str) -> Action:
    word = WORDS.get(obj._meta.label_lower, "row")
    return Action(f"{word}.{what}")


def _note_retention(client: Any, formset: Any) -> None:
    """Each rule with its days, and those that it had: when what was removed is asked about, that is the question."""
    for form in formset.forms:
        had = form.initial
        before = f"{had['what']}: {had['days']}" if "days" in had else ""
        after = "" if form in formset.deleted_forms else str(form.instance)
        if form.has_changed() and (before or after):
            audit.note(Action.CLIENT_RETENTION_CHANGED, client, before=before, after=after)


def _is_switch(obj: Any, name: str) -> bool:
    return isinstance(getattr(obj, str(name), None), bool)
