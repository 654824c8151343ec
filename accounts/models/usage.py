"""How much a client used, counted as it happens."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.instances import WhatsappInstance
from accounts.models.tenancy import OfInstance


class Usage(models.Model):
    """What one instance brought in one month of one kind: a message's type, or a file's kind.

    ``month`` is its first day in UTC, by our own clock. ``inbound`` and ``outbound`` count messages, ``files`` counts
    verified files and ``bytes`` their sizes.
    """

    instance = models.ForeignKey(
        WhatsappInstance, on_delete=models.CASCADE, related_name="usage", verbose_name=_("instance")
    )
    month = models.DateField(_("month"))
    kind = models.CharField(_("kind"), max_length=12)
    inbound = models.PositiveBigIntegerField(_("inbound"), default=0)
    outbound = models.PositiveBigIntegerField(_("outbound"), default=0)
    files = models.PositiveBigIntegerField(_("files"), default=0)
    bytes = models.PositiveBigIntegerField(_("bytes"), default=0)

    objects = OfInstance.as_manager()

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        ordering = ["-month", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["instance", "month", "kind"], name="one_usage_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.kind}"
