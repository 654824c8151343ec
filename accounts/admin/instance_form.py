"""The form of a WhatsApp instance."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import WhatsappInstance

_KEPT = gettext_lazy("Never shown again. Leave empty to keep what is stored.")


def _secret(label: Any, purpose: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"})
    help_text = format_lazy("{} {}", purpose, _KEPT)
    return forms.CharField(label=label, required=False, widget=widget, help_text=help_text)


class InstanceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Stored secrets never enter the form, so no page can show them; a new value replaces the old one."""

    new_token = _secret(gettext_lazy("Token"), gettext_lazy("The instance's access token."))
    new_app_secret = _secret(
        gettext_lazy("App secret"), gettext_lazy("Cloud API: the Meta app's secret, which signs webhooks.")
    )
    new_verify_token = _secret(
        gettext_lazy("Verify token"), gettext_lazy("Cloud API: the word of Meta's webhook handshake.")
    )

    class Meta:
        model = WhatsappInstance
        fields = (
            "client",
            "name",
            "provider",
            "instance_id",
            "phone_number",
            "media_strategies",
            "is_active",
        )

    def clean_media_strategies(self) -> str:
        words = [word.strip() for word in self.cleaned_data["media_strategies"].split(",") if word.strip()]
        known = WhatsappInstance.STRATEGIES
        unknown = [word for word in words if word not in known]
        if unknown:
            told = {"unknown": ", ".join(unknown), "known": ", ".join(known)}
            raise ValidationError(_("Not a strategy: %(unknown)s. There are %(known)s.") % told)
        return ",".join(words)

    def save(self, commit: bool = True) -> Any:
        for name in WhatsappInstance.SECRET_FIELDS:
            if self.cleaned_data.get(f"new_{name}"):
                setattr(self.instance, name, self.cleaned_data[f"new_{name}"])
        return super().save(commit)
