"""Webhook requests as they came, and how many were turned away."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.leases import WaitingQuerySet, WaitingWork, lease_indexes
from accounts.models import WhatsappInstance


class WebhookEvent(WaitingWork):
    """One webhook request: the raw body, never edited, and what became of it.

    ``source`` is empty for what came by itself; else it was taken in later, from the spool or the provider's log.
    """

    class Source(models.TextChoices):
        SPOOL = "spool", _("Spool")
        BACKFILL = "backfill", _("Provider's log")

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        PROCESSED = "processed", _("Processed")
        IGNORED = "ignored", _("Ignored")
        FAILED = "failed", _("Failed")

    waiting_state = State.PENDING
    claimed_state = State.PENDING
    claim_order = ("id",)

    instance = models.ForeignKey(
        WhatsappInstance, on_delete=models.CASCADE, related_name="webhook_events", verbose_name=_("instance")
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    body = models.BinaryField(editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    error = models.TextField(_("error"), blank=True, default="")
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True, editable=False)
    # NULL, and not an empty word, so that a large table takes the column without being rewritten.
    source = models.CharField(  # noqa: DJ001
        _("taken in from"), max_length=10, choices=Source.choices, null=True, blank=True, editable=False
    )

    objects = WaitingQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        ordering = ["-id"]
        indexes = [
            *lease_indexes("webhook", "id"),
            models.Index(fields=["state", "-id"], name="webhook_by_state"),
            models.Index(fields=["instance", "-id"], name="webhook_by_instance"),
        ]

    def __str__(self) -> str:
        return gettext("webhook event %(number)d") % {"number": self.pk}


class RefusedWebhook(models.Model):
    """How many requests were turned away on a day, and why; nothing else of them is kept."""

    instance = models.ForeignKey(
        WhatsappInstance,
        null=True,
        on_delete=models.CASCADE,
        related_name="refusals",
        verbose_name=_("instance"),
    )
    day = models.DateField(_("day"))
    reason = models.CharField(_("reason"), max_length=20)
    count = models.PositiveIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("refused webhook")
        verbose_name_plural = _("refused webhooks")
        constraints = [
            models.UniqueConstraint(fields=["instance", "day", "reason"], name="one_refusal_count"),
            models.UniqueConstraint(
                fields=["day", "reason"], condition=Q(instance=None), name="one_refusal_count_unknown"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.count}"
