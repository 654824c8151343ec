"""Webhook events as they came, and what they tell: contacts, conversations, messages and their changes."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.leases import WaitingQuerySet, WaitingWork, lease_indexes
from accounts.models import Client, TenantQuerySet, WhatsappInstance
from accounts.providers.events import AliasKind, ChatKind, MessageStatus, MessageType
from media.models import MediaFile


def _choices(words: Any) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in words]


class OfInstance(TenantQuerySet):
    client_path = "instance__client"


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


class Contact(models.Model):
    """One person as one client knows them, whatever numbers and ids they write from."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or f"contact {self.pk}"


class ContactAlias(models.Model):
    """A name on the wire: phone in digits, ``<digits>@lid``, business-scoped user id, or user name."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="contact_aliases")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="aliases")
    kind = models.CharField(max_length=10, choices=_choices(AliasKind))
    value = models.CharField(max_length=200)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "id"]
        verbose_name_plural = "contact aliases"
        constraints = [
            models.UniqueConstraint(fields=["client", "kind", "value"], name="one_contact_per_alias")
        ]

    def __str__(self) -> str:
        return self.value


class Conversation(models.Model):
    """A chat thread of one instance. ``last_message_at`` is the newest message's time by the provider's clock."""

    class Status(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    instance = models.ForeignKey(WhatsappInstance, on_delete=models.PROTECT, related_name="conversations")
    chat_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=_choices(ChatKind), default=ChatKind.DIRECT)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="conversations"
    )
    title = models.CharField(max_length=200, blank=True, default="")
    last_message_at = models.DateTimeField(null=True, blank=True)
    unread_count = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="assigned_conversations",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OfInstance.as_manager()

    class Meta:
        ordering = ["-last_message_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "contact"], condition=Q(kind="direct"), name="one_direct_conversation"
            ),
            models.UniqueConstraint(
                fields=["instance", "chat_id"], condition=~Q(kind="direct"), name="one_group_conversation"
            ),
        ]
        indexes = [
            models.Index(fields=["-last_message_at", "-id"], name="conversation_newest"),
            models.Index(fields=["instance", "-last_message_at", "-id"], name="conversation_of_instance"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.contact or self.chat_id)


class MessageQuerySet(TenantQuerySet):
    client_path = "conversation__instance__client"


class Message(models.Model):
    """One message. ``sent_at`` is the provider's clock and orders the thread; ``received_at`` is ours.

    ``reply_to_id`` is the provider's id of the quoted message, which may never have come here. ``earlier_texts``
    lists what an edit replaced, oldest first, as ``{"text", "until"}``.
    """

    class Direction(models.TextChoices):
        INBOUND = "inbound"
        OUTBOUND = "outbound"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    provider_message_id = models.CharField(max_length=200)
    direction = models.CharField(max_length=10, choices=Direction.choices)
    sender = models.ForeignKey(
        Contact,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="messages",
        help_text="Empty: us.",
    )
    type = models.CharField(max_length=12, choices=_choices(MessageType))
    text = models.TextField(blank=True, default="")
    payload = models.JSONField(blank=True, default=dict)
    reply_to_id = models.CharField(max_length=200, blank=True, default="")
    sent_at = models.DateTimeField(default=timezone.now)
    received_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=10, choices=_choices(MessageStatus), blank=True, default="")
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    played_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, default="")
    edited_at = models.DateTimeField(null=True, blank=True)
    earlier_texts = models.JSONField(blank=True, default=list)
    revoked_at = models.DateTimeField(null=True, blank=True)
    media = models.OneToOneField(
        MediaFile, null=True, blank=True, on_delete=models.PROTECT, related_name="message"
    )

    objects = MessageQuerySet.as_manager()

    # Forward only; failed may follow anything but what proves the opposite.
    STATUS_RANK: ClassVar[dict[str, int]] = {
        "": 0, "queued": 1, "sending": 2, "sent": 3, "failed": 4, "delivered": 5, "read": 6, "played": 7,
    }  # fmt: skip

    class Meta:
        ordering = ["sent_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "provider_message_id"], name="one_message_per_provider_id"
            )
        ]
        indexes = [
            models.Index(fields=["conversation", "-sent_at", "-id"], name="message_thread"),
            models.Index(fields=["provider_message_id"], name="message_provider_id"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.type} {self.pk}"


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
    status = models.CharField(max_length=10, choices=_choices(MessageStatus))
    participant = models.CharField(max_length=200, blank=True, default="")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=500, blank=True, default="")
    tag = models.CharField(max_length=200, blank=True, default="")

    objects = OfInstance.as_manager()

    class Meta:
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
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "provider_message_id", "event"], name="one_waiting_change"
            )
        ]

    def __str__(self) -> str:
        return self.provider_message_id
