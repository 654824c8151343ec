"""What happened to messages after they came."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import OfInstance, WhatsappInstance
from accounts.providers.events import MessageStatus
from messaging.models.contacts import Contact
from messaging.models.conversations import Message
from messaging.models.webhooks import WebhookEvent


class VisibleReactions(models.Manager["Reaction"]):
    def get_queryset(self) -> models.QuerySet["Reaction"]:
        return super().get_queryset().exclude(emoji="")


class Reaction(models.Model):
    """The latest reaction of one person to one message; ``actor`` empty is us.

    A reaction taken back stays as a row without emoji, so that an older one that comes late cannot revive it;
    ``objects`` leaves such rows out.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    actor = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.CASCADE, related_name="reactions"
    )
    emoji = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()

    with_removed = models.Manager()
    objects = VisibleReactions()

    class Meta:
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        default_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["message", "actor"], name="one_reaction_per_actor"),
            models.UniqueConstraint(fields=["message"], condition=Q(actor=None), name="one_reaction_of_ours"),
        ]

    def __str__(self) -> str:
        return self.emoji


class StatusChange(models.Model):
    """One status event with its own time. ``message`` is empty until the message itself comes."""

    instance = models.ForeignKey(WhatsappInstance, on_delete=models.CASCADE, related_name="status_changes")
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.CASCADE, related_name="status_changes"
    )
    provider_message_id = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=[(word.value, word.value) for word in MessageStatus])
    participant = models.CharField(max_length=200, blank=True, default="")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=500, blank=True, default="")
    tag = models.CharField(max_length=200, blank=True, default="")

    objects = OfInstance.as_manager()

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")
        ordering = ["occurred_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "provider_message_id", "status", "participant"], name="one_status_change"
            )
        ]

    def __str__(self) -> str:
        return self.status


class WaitingChange(models.Model):
    """A reaction, edit or revoke whose message has not come: its webhook event is read again when it does."""

    instance = models.ForeignKey(WhatsappInstance, on_delete=models.CASCADE, related_name="waiting_changes")
    provider_message_id = models.CharField(max_length=200)
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="waiting_changes")

    class Meta:
        verbose_name = _("waiting change")
        verbose_name_plural = _("waiting changes")
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "provider_message_id", "event"], name="one_waiting_change"
            )
        ]

    def __str__(self) -> str:
        return self.provider_message_id
