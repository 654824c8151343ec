"""Webhook requests as they came, and how many were turned away."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.leases import WaitingQuerySet, WaitingWork, lease_indexes
from accounts.models import WhatsappInstance


class WebhookEvent(WaitingWork):
    """One webhook request: the raw body, never edited, and what became of it."""

    class State(models.TextChoices):
        PENDING = "pending"
        PROCESSED = "processed"
        IGNORED = "ignored"
        FAILED = "failed"

    waiting_state = State.PENDING
    claimed_state = State.PENDING
    claim_order = ("id",)

    instance = models.ForeignKey(WhatsappInstance, on_delete=models.CASCADE, related_name="webhook_events")
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    body = models.BinaryField(editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    error = models.TextField(blank=True, default="")
    processed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = WaitingQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            *lease_indexes("webhook", "id"),
            models.Index(fields=["state", "-id"], name="webhook_by_state"),
            models.Index(fields=["instance", "-id"], name="webhook_by_instance"),
        ]

    def __str__(self) -> str:
        return f"webhook event {self.pk}"


class RefusedWebhook(models.Model):
    """How many requests were turned away on a day, and why; nothing else of them is kept."""

    instance = models.ForeignKey(
        WhatsappInstance, null=True, on_delete=models.CASCADE, related_name="refusals"
    )
    day = models.DateField()
    reason = models.CharField(max_length=20)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instance", "day", "reason"], name="one_refusal_count"),
            models.UniqueConstraint(
                fields=["day", "reason"], condition=Q(instance=None), name="one_refusal_count_unknown"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.count}"
