"""How long a client's things are kept."""

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.tenancy import Client, TenantQuerySet
from accounts.providers.events import MediaKind

LONGEST_DAYS = 36_500


class RetentionRule(models.Model):
    """After ``days`` files of one kind go, counted from when they came; or whole messages, by their senders' clock.

    What no rule names is kept for ever.
    """

    class What(models.TextChoices):
        IMAGE = MediaKind.IMAGE.value, _("Pictures")
        VIDEO = MediaKind.VIDEO.value, _("Videos")
        AUDIO = MediaKind.AUDIO.value, _("Audio files")
        VOICE = MediaKind.VOICE.value, _("Voice notes")
        DOCUMENT = MediaKind.DOCUMENT.value, _("Documents")
        STICKER = MediaKind.STICKER.value, _("Stickers")
        MESSAGES = "messages", _("Messages with everything in them")

    MESSAGES: ClassVar[str] = What.MESSAGES.value

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="retention", verbose_name=_("client")
    )
    what = models.CharField(_("what"), max_length=10, choices=What.choices)
    days = models.PositiveIntegerField(
        _("days"),
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_DAYS)],
        help_text=_("Older ones are removed for good."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects: Any = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["client", "what"]
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")
        constraints = [
            models.UniqueConstraint(fields=["client", "what"], name="one_retention_rule_of_a_kind"),
            models.CheckConstraint(condition=Q(days__gte=1), name="retention_of_a_day_at_least"),
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.days}"
