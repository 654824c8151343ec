"""What is to be done at the providers: sends, reactions, edits, deletions and read receipts, as waiting work."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from accounts.leases import WaitingQuerySet, WaitingWork, lease_indexes
from accounts.models import OfInstance, WhatsappInstance
from messaging.models.conversations import Conversation, Message

WAITING = ("pending", "sending")
UNFINISHED = (*WAITING, "unknown")
# How often somebody looks whether a doubtful one left.
LOOK_FOR_PROOF = timedelta(seconds=1)


class OutboxQuerySet(WaitingQuerySet):
    def due(self, now: datetime) -> Self:
        """Nothing overtakes a message of its own conversation, nor what is done to the same message before it.

        A line that rests is left alone; one that only keeps its pace takes receipts.
        """
        # Not of each item's own line: ten thousand may wait for one that rests.
        resting = SendingLine.objects.filter(next_at__gt=now)
        troubled = resting.exclude(reason="").values("instance")
        receipt = Q(action=OutboxItem.Action.READ) & ~Q(instance__in=troubled)
        goes = ~Q(instance__in=resting.values("instance")) | receipt
        return super().due(now).filter(goes, ~Exists(self._ahead(now)))

    def _ahead(self, now: datetime) -> "OutboxQuerySet":
        earlier = OutboxItem.objects.filter(
            conversation=OuterRef("conversation"), pk__lt=OuterRef("pk"), state__in=UNFINISHED
        )
        same = earlier.filter(message=OuterRef("message"), state__in=WAITING)
        return same | earlier.holding_up(now)

    def holding_up(self, now: datetime) -> Self:
        """Messages that what comes after them waits for.

        A doubtful one only until its time of grace is over, and as much longer as it takes to look whether it left: it
        may go again.
        """
        waiting = Q(state__in=WAITING)
        doubtful = Q(state=OutboxItem.State.UNKNOWN, next_attempt_at__gt=now - LOOK_FOR_PROOF)
        return self.filter(waiting | doubtful, action=OutboxItem.Action.MESSAGE)

    def move_to(self, state: "OutboxItem.State", **changes: Any) -> int:
        """Move those rows that may go there; a row in any other state stays as it is."""
        sources = [old for old, targets in OutboxItem.TRANSITIONS.items() if state in targets]
        return self.filter(state__in=sources).let_go(state=state, **changes)


class OutboxItem(WaitingWork):
    """One thing to do for one message. ``content`` is what the action needs beside it: an emoji, a new text.

    ``tag`` goes along where the provider has a place for it and comes back with statuses. ``asked_at`` is set while a
    request may be under way, and stays when nobody knows what became of it; ``doubt`` says why. An unknown one is due
    when its time of grace is over.
    """

    class Action(models.TextChoices):
        MESSAGE = "message", pgettext("what is sent", "Message")
        REACTION = "reaction", pgettext("what is sent", "Reaction")
        EDIT = "edit", pgettext("what is sent", "Edit")
        DELETE = "delete", pgettext("what is sent", "Delete")
        READ = "read", pgettext("what is sent", "Read")

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        UNKNOWN = "unknown", _("Unknown")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Doubt(models.TextChoices):
        KILLED = "killed", _("the worker ended while it sent")
        UNANSWERED = "unanswered", _("the provider took the request and did not answer")

    TRANSITIONS: ClassVar[dict[State, set[State]]] = {
        State.PENDING: {State.SENDING, State.SENT, State.FAILED, State.CANCELLED},
        State.SENDING: {State.SENT, State.PENDING, State.UNKNOWN, State.FAILED},
        State.UNKNOWN: {State.SENT, State.PENDING, State.FAILED},
        State.FAILED: {State.PENDING, State.SENT},
        # The provider took it, and said later that it failed.
        State.SENT: {State.FAILED},
        State.CANCELLED: set(),
    }

    waiting_state = State.PENDING
    claimed_state = State.SENDING
    claim_order = ("id",)

    instance = models.ForeignKey(
        WhatsappInstance, on_delete=models.CASCADE, related_name="outbox", verbose_name=_("instance")
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="outbox", verbose_name=_("conversation")
    )
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="outbox", verbose_name=_("message")
    )
    action = models.CharField(_("action"), max_length=10, choices=Action.choices)
    content = models.JSONField(blank=True, default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    error = models.CharField(_("error"), max_length=500, blank=True, default="")
    doubt = models.CharField(
        _("doubt"), max_length=12, choices=Doubt.choices, blank=True, default="", editable=False
    )
    tag = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # NULL where the caller gave none.
    idempotency_key = models.CharField(max_length=200, null=True, blank=True, editable=False)  # noqa: DJ001
    fingerprint = models.CharField(max_length=64, blank=True, default="", editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="outbox",
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True, editable=False)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("outbox item")
        verbose_name_plural = _("outbox items")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["instance", "idempotency_key"], name="one_send_per_key")
        ]
        indexes = [
            *lease_indexes("outbox", "id"),
            models.Index(
                fields=["conversation", "id"],
                condition=Q(state__in=UNFINISHED),
                name="outbox_unfinished",
            ),
            models.Index(fields=["state", "-id"], name="outbox_by_state"),
            models.Index(fields=["instance", "-id"], name="outbox_by_instance"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.pk}"


class SendingLine(models.Model):
    """How sending does for one instance. Nothing is sent before ``next_at``; ``failures`` counts those in a row."""

    instance = models.OneToOneField(
        WhatsappInstance, primary_key=True, on_delete=models.CASCADE, related_name="sending_line"
    )
    next_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True, default="")

    objects = OfInstance.as_manager()

    class Meta:
        verbose_name = _("sending line")
        verbose_name_plural = _("sending lines")

    def __str__(self) -> str:
        return f"sending of {self.instance_id}"
