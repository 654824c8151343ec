"""Legal holds, and the receipts of what went."""

from copy import deepcopy
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import display
from accounts.admin.access import ForManagers, OfClient, ReadOnly
from accounts.admin.paging import Paged
from accounts.admin.verbs import Verb, WithVerbs
from accounts.models import Client, Role
from messaging.models import Contact, Conversation, LegalHold, PurgeReceipt
from messaging.services import holds

LIFT = Verb(
    slug="lift",
    label=_("Lift the hold"),
    method="lift",
    role=Role.MANAGER,
    icon="check",
    confirm=_("Lift it? Retention may remove what it kept from the next hour on."),
)


class HoldForm(forms.ModelForm):  # type: ignore[type-arg]
    """Conversation and contact are named by their numbers: a list of all of them would have no end."""

    conversation = forms.ModelChoiceField(
        Conversation.objects.none(),
        required=False,
        widget=forms.NumberInput,
        label=_("Conversation's number"),
    )
    contact = forms.ModelChoiceField(
        Contact.objects.none(), required=False, widget=forms.NumberInput, label=_("Contact's number")
    )

    class Meta:
        model = LegalHold
        fields = ("client", "conversation", "contact", "reason")

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        client, conversation, contact = (facts.get(name) for name in ("client", "conversation", "contact"))
        if conversation and contact:
            raise forms.ValidationError(
                _("A hold is of a conversation or of a contact, or of the whole client.")
            )
        if client and conversation and conversation.instance.client_id != client.pk:
            self.add_error("conversation", _("The client has no such conversation."))
        if client and contact and contact.client_id != client.pk:
            self.add_error("contact", _("The client has no such contact."))
        return facts


@admin.register(LegalHold)
class LegalHoldAdmin(Paged, ForManagers, WithVerbs):
    """Placed and lifted, never changed or deleted: that somebody held something is part of the story."""

    form = HoldForm
    time_field = "placed_at"
    list_display = ("what", "client", "reason", "status", "placed", "lifted")
    list_display_links = ("what",)
    list_filter = (("client", OfClient),)
    list_select_related = ("client", "placed_by", "released_by")
    add_role = Role.MANAGER
    verbs = (LIFT,)
    empty_advice = _("Nothing is held. A hold keeps what it names from being purged, erased and pruned.")
    readonly_fields = ("what", "client", "reason", "status", "placed_by", "placed", "released_by", "lifted")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ("client", "conversation", "contact", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        if obj is None:
            for name, model in (("client", Client), ("conversation", Conversation), ("contact", Contact)):
                rows: Any = model.objects.all()
                # Those that the form declares are one and the same for everybody.
                form.base_fields[name] = deepcopy(form.base_fields[name])
                form.base_fields[name].queryset = rows.visible_to(request.user, role=Role.MANAGER)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {
            name: request.GET[name] for name in ("client", "conversation", "contact") if name in request.GET
        }

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        by: Any = request.user
        if not change:
            holds.place(obj, by=by, now=timezone.now())

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        return super().verbs_for(request, row) if row.is_in_force else []

    def lift(self, request: HttpRequest, hold: LegalHold) -> None:
        by: Any = request.user
        holds.lift(hold, by=by, now=timezone.now())
        self.message_user(request, gettext("The hold is lifted."), messages.SUCCESS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("what"))
    def what(self, hold: LegalHold) -> str:
        if hold.conversation_id:
            return gettext("Conversation %(pk)s") % {"pk": hold.conversation_id}
        if hold.contact_id:
            return gettext("Contact %(pk)s") % {"pk": hold.contact_id}
        return gettext("The whole client")

    @admin.display(description=_("state"))
    def status(self, hold: LegalHold) -> str:
        if hold.is_in_force:
            return display.badge("wait", gettext("in force"))
        return display.badge("closed", gettext("lifted"))

    @admin.display(description=_("placed"), ordering="placed_at")
    def placed(self, hold: LegalHold) -> str:
        return display.when(hold.placed_at)

    @admin.display(description=_("lifted"))
    def lifted(self, hold: LegalHold) -> str:
        return display.when(hold.released_at)


@admin.register(PurgeReceipt)
class PurgeReceiptAdmin(Paged, ReadOnly, ForManagers):
    time_field = "started_at"
    list_display = ("number", "client", "cause", "rule", "went", "freed", "started", "finished")
    list_display_links = ("number",)
    list_filter = ("cause", ("client", OfClient))
    list_select_related = ("client", "by")
    empty_advice = _("Nothing was purged or erased yet.")
    readonly_fields = (
        *(
            "number",
            "client",
            "cause",
            "rule",
            "by",
            "went",
            "freed",
            "started",
            "finished",
            "digest",
            "seal",
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("receipt"))
    def number(self, receipt: PurgeReceipt) -> str:
        return str(receipt.pk)

    @admin.display(description=_("what went"))
    def went(self, receipt: PurgeReceipt) -> str:
        shown = (f"{name.replace('_', ' ')}: {number}" for name, number in sorted(receipt.counts.items()))
        return ", ".join(shown) or display.NOTHING

    @admin.display(description=_("bytes"))
    def freed(self, receipt: PurgeReceipt) -> str:
        return display.size(receipt.bytes)

    @admin.display(description=_("started"), ordering="started_at")
    def started(self, receipt: PurgeReceipt) -> str:
        return display.when(receipt.started_at)

    @admin.display(description=_("finished"))
    def finished(self, receipt: PurgeReceipt) -> str:
        return display.when(receipt.finished_at) if receipt.finished_at else gettext("under way")
