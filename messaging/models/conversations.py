"""Conversations and their messages."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from accounts.models import OfInstance, TenantQuerySet, WhatsappInstance
from accounts.providers.events import ChatKind, MessageStatus, MessageType
from media.models import MediaFile
from messaging.models.contacts import Contact
from messaging.models.labels import Label

KINDS = [
    (ChatKind.DIRECT.value, _("Direct")),
    (ChatKind.GROUP.value, _("Group")),
    (ChatKind.CHANNEL.value, _("Channel")),
]
TYPES = [(word.value, word.value) for word in MessageType]
STATUSES = [(word.value, word.value) for word in MessageStatus]


class Conversation(models.Model):
    """A chat thread of one instance. Times of messages are by the provider's clock.

    ``last_inbound_at`` is when the other side last wrote: it opens the window in which Meta lets us answer freely.
    Messages up to ``purged_until`` were removed by retention; none of that age is taken in any more.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext("conversation", "Open")
        CLOSED = "closed", pgettext("conversation", "Closed")

    instance = models.ForeignKey(
        WhatsappInstance, on_delete=models.PROTECT, related_name="conversations", verbose_name=_("instance")
    )
    chat_id = models.CharField(_("chat id"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=KINDS, default=ChatKind.DIRECT)
    contact = models.ForeignKey(
        Contact,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="conversations",
        verbose_name=_("contact"),
    )
    title = models.CharField(_("title"), max_length=200, blank=True, default="")
    last_message_at = models.DateTimeField(_("last message"), null=True, blank=True)
    last_inbound_at = models.DateTimeField(_("last inbound message"), null=True, blank=True)
    unread_count = models.PositiveIntegerField(_("unread"), default=0)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="assigned_conversations",
        verbose_name=_("assigned to"),
    )
    purged_until = models.DateTimeField(null=True, blank=True, editable=False)
    labels = models.ManyToManyField(Label, blank=True, related_name="conversations", verbose_name=_("labels"))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = OfInstance.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
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
            models.Index(
                fields=["-last_message_at", "-id"],
                condition=Q(kind="group", title=""),
                name="conversation_nameless",
            ),
            models.Index(
                fields=["instance", "-last_message_at", "-id"],
                condition=Q(unread_count__gt=0),
                name="conversation_unread",
            ),
            models.Index(
                fields=["assigned_to", "-last_message_at", "-id"],
                condition=Q(assigned_to__isnull=False),
                name="conversation_assigned",
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.contact or self.chat_id)


class MessageQuerySet(TenantQuerySet):
    client_path = "conversation__instance__client"


class Message(models.Model):
    """One message. ``sent_at`` is the provider's clock and orders the thread; ``received_at`` is ours.

    ``reply_to_id`` is the provider's id of the quoted message, which may never have come here. ``earlier_texts``
    lists what an edit replaced, oldest first, as ``{"text", "until"}``. ``removal`` says that its file was removed by
    retention, or all that it said because its author was erased.
    """

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("Inbound")
        OUTBOUND = "outbound", _("Outbound")

    class Removal(models.TextChoices):
        FILE = "file"
        ALL = "all"

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages", verbose_name=_("conversation")
    )
    # Unknown while it waits to be sent; NULLs do not stand in each other's way.
    provider_message_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    direction = models.CharField(_("direction"), max_length=10, choices=Direction.choices)
    sender = models.ForeignKey(
        Contact,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="messages",
        help_text=_("Empty: us."),
        verbose_name=_("sender"),
    )
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="sent_messages",
        help_text=_("Who sent it from here. Empty: somebody on the phone, or the other side."),
        verbose_name=_("sent by"),
    )
    type = models.CharField(_("type"), max_length=12, choices=TYPES)
    text = models.TextField(_("text"), blank=True, default="")
    payload = models.JSONField(blank=True, default=dict)
    reply_to_id = models.CharField(max_length=200, blank=True, default="")
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, blank=True, default="")
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    played_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True, default="")
    edited_at = models.DateTimeField(null=True, blank=True)
    earlier_texts = models.JSONField(blank=True, default=list)
    revoked_at = models.DateTimeField(null=True, blank=True)
    media = models.OneToOneField(
        MediaFile,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="message",
        verbose_name=_("media"),
    )
    # NULL is nothing, which costs the rows that are there already nothing.
    removal = models.CharField(  # noqa: DJ001
        max_length=4, choices=Removal.choices, null=True, blank=True, editable=False
    )
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MessageQuerySet.as_manager()

    # Forward only; failed may follow anything but what proves the opposite.
    STATUS_RANK: ClassVar[dict[str, int]] = {
        "": 0, "queued": 1, "sending": 2, "unknown": 3, "sent": 4, "failed": 5, "delivered": 6, "read": 7, "played": 8,
    }  # fmt: skip

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["sent_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "provider_message_id"], name="one_message_per_provider_id"
            )
        ]
        indexes = [
            models.Index(fields=["conversation", "-sent_at", "-id"], name="message_thread"),
            # For words that are in very many messages: the newest of them are found at once.
            models.Index(fields=["-sent_at", "-id"], name="message_newest"),
            models.Index(fields=["provider_message_id"], name="message_provider_id"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.type} {self.pk}"
