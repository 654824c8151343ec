"""What a client's people stick on their conversations."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, TenantQuerySet


class Label(models.Model):
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="labels", verbose_name=_("client")
    )
    name = models.CharField(_("name"), max_length=50)
    color = models.CharField(
        _("colour"),
        max_length=7,
        default="#64748b",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("A colour is written as # and six hex digits."))],
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="one_label_per_name")]

    def __str__(self) -> str:
        return self.name
