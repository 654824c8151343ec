"""A new conversation: to whom, from which line, and what is said first."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, Role, WhatsappInstance
from accounts.providers.events import MessageType
from messaging.abilities import abilities_of
from messaging.services.sending import Draft, FirstMessage, NotSendable, Template
from messaging.services.sending.drafting import LONGEST_NAME, digits_of

LONGEST_TEXT, LONGEST_VALUES = 65_536, 16_384
# Where of the form a refusal is told; what is of the whole stands above it.
FIELD_OF = {"phone": "phone", "text": "text", "template": "template"}


def writable(user: Any) -> QuerySet[WhatsappInstance]:
    """The lines from which this user may write now."""
    mine = WhatsappInstance.objects.visible_to(user, role=Role.OPERATOR).sealed()
    lines: QuerySet[WhatsappInstance] = mine.filter(is_active=True, client__is_active=True)
    return lines.select_related("client").order_by("client__name", "name", "pk")


class LineSelect(forms.Select):
    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if isinstance(getattr(value, "instance", None), WhatsappInstance):
            option["attrs"]["data-templates"] = int(abilities_of(value.instance).templates)
        return option


class LineField(forms.ModelChoiceField):  # type: ignore[type-arg]
    names_clients = False

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.client} · {obj.name}" if self.names_clients else str(obj.name)


class FirstMessageForm(forms.Form):
    line = LineField(queryset=WhatsappInstance.objects.none(), label=_("Line"), widget=LineSelect)
    phone = forms.CharField(
        label=_("Phone number"),
        max_length=40,
        help_text=_("With the country's code, as in +55 11 90000-1234."),
        widget=forms.TextInput({"type": "tel", "autocomplete": "off"}),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        required=False,
        help_text=_("How you call them. May stay empty."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    text = forms.CharField(
        label=_("Message"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea({"rows": 4, "dir": "auto"}),
    )
    template = forms.CharField(label=_("Template"), max_length=512, required=False)
    language = forms.CharField(label=_("Language"), max_length=20, required=False, initial="pt_BR")
    values = forms.CharField(
        label=_("Values, one a line"),
        max_length=LONGEST_VALUES,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )
    # Sent twice, it is the same message.
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        line: Any = self.fields["line"]
        line.queryset = writable(request.user)
        line.names_clients = len(Client.objects.visible_to(request.user)[:2]) > 1
        known = list(line.queryset[:2])
        line.empty_label = None if len(known) == 1 else _("Choose a line")

    def clean_phone(self) -> str:
        try:
            return digits_of(self.cleaned_data["phone"])
        except NotSendable as exc:
            raise ValidationError(exc.detail) from exc

    def clean(self) -> None:
        super().clean()
        told = self.cleaned_data
        if not told.get("text", "").strip() and not told.get("template"):
            self.add_error("text", _("Say something first."))
        elif told.get("text", "").strip() and told.get("template"):
            self.add_error("template", _("Send a text or a template, not both."))

    @property
    def wish(self) -> FirstMessage:
        told = self.cleaned_data
        return FirstMessage(phone=told["phone"], name=told["name"], draft=self._draft())

    def _draft(self) -> Draft:
        told = self.cleaned_data
        if not told["template"]:
            return Draft(type=MessageType.TEXT, text=told["text"].strip())
        values = [line.strip() for line in told["values"].splitlines() if line.strip()]
        parameters = [{"type": "text", "text": value} for value in values]
        components = [{"type": "body", "parameters": parameters}] if parameters else []
        template = Template(name=told["template"], language=told["language"], components=components)
        return Draft(type=MessageType.TEMPLATE, template=template)

    def refuse(self, refusal: NotSendable) -> None:
        said = "template" if self.cleaned_data.get("template") else "text"
        field = said if refusal.field == "type" else FIELD_OF.get(refusal.field)
        self.add_error(field, refusal.detail)
