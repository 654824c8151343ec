"""Who writes to a client."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, TenantQuerySet, WhatsappInstance
from accounts.providers.events import AliasKind


class Contact(models.Model):
    """One person as one client knows them, whatever numbers and ids they write from."""

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="contacts", verbose_name=_("client")
    )
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or gettext("contact %(number)d") % {"number": self.pk}


class ContactAlias(models.Model):
    """A name on the wire: phone in digits, ``<digits>@lid``, business-scoped user id, or user name."""

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="contact_aliases", verbose_name=_("client")
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="aliases", verbose_name=_("contact")
    )
    kind = models.CharField(
        _("kind"), max_length=10, choices=[(word.value, word.value) for word in AliasKind]
    )
    value = models.CharField(_("value"), max_length=200)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact alias")
        verbose_name_plural = _("contact aliases")
        ordering = ["kind", "id"]
        constraints = [
            models.UniqueConstraint(fields=["client", "kind", "value"], name="one_contact_per_alias")
        ]

    def __str__(self) -> str:
        return self.value


class FormerId(models.Model):
    """An id that a contact, or a conversation with them, had before it was merged away: clients' own systems were told
    of them under it. Of a conversation also its line and its address there, as which files are stored."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="former_ids")
    number = models.BigIntegerField()
    instance = models.ForeignKey(WhatsappInstance, null=True, on_delete=models.CASCADE, related_name="+")
    chat_id = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return str(self.number)
