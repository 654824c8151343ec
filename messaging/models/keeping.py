"""What must stay, what has gone, and how it is known afterwards that it went."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Client, TenantQuerySet, WhatsappInstance
from messaging.models.contacts import Contact
from messaging.models.conversations import Conversation


class HoldQuerySet(TenantQuerySet):
    def in_force(self) -> Self:
        return self.filter(released_at=None)

    def held_instances(self) -> Any:
        """Lines whose raw webhooks and records have to stay: a body does not say whose conversation it belongs to."""
        found = self.in_force().order_by()
        lines = WhatsappInstance.objects.order_by()
        whole = Q(client__in=found.filter(conversation=None).values("client"))
        return lines.filter(whole | Q(conversations__in=found.values("conversation"))).values("pk").distinct()

    def held_clients(self) -> Any:
        """Those of whom nothing at all may go."""
        return self.in_force().filter(conversation=None, contact=None).order_by().values("client")


class LegalHold(models.Model):
    """While it is in force nothing that it names is purged, erased or pruned: all of a client's, one conversation, or
    everything with and of one contact."""

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="legal_holds", verbose_name=_("client")
    )
    conversation = models.ForeignKey(
        Conversation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="legal_holds",
        verbose_name=_("conversation"),
    )
    contact = models.ForeignKey(
        Contact,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="legal_holds",
        verbose_name=_("contact"),
    )
    reason = models.CharField(_("reason"), max_length=500)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    placed_at = models.DateTimeField(_("placed"), default=timezone.now, editable=False)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    released_at = models.DateTimeField(_("lifted"), null=True, blank=True, editable=False)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-id"]
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        constraints = [
            models.CheckConstraint(
                condition=Q(conversation=None) | Q(contact=None), name="hold_of_one_thing"
            ),
        ]
        indexes = [models.Index(fields=["client"], condition=Q(released_at=None), name="hold_in_force")]

    def __str__(self) -> str:
        return f"legal hold {self.pk}"

    @property
    def is_in_force(self) -> bool:
        return self.released_at is None


class PurgeReceipt(models.Model):
    """What went, when and why; never what was in it.

    ``counts`` is how many rows of each sort. ``digest`` is the SHA-256, batch by batch, over the one before it and one
    line for each message and file that went; ``seal`` is that over the client's receipt before this one, this digest,
    the counts and the bytes, so that none can be changed or taken out unseen.
    """

    class Cause(models.TextChoices):
        RETENTION = "retention", _("Retention")
        ERASURE = "erasure", _("Erasure of a person")

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="purge_receipts", verbose_name=_("client")
    )
    cause = models.CharField(_("cause"), max_length=10, choices=Cause.choices)
    rule = models.CharField(_("rule"), max_length=60, blank=True, default="")
    # Of an erasure: the contact's id, by which one that was cut off is found again.
    subject = models.BigIntegerField(null=True, blank=True, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("by"),
        help_text=_("Empty: the worker, or somebody at the command line."),
    )
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    counts: Any = models.JSONField(_("counts"), blank=True, default=dict)
    bytes = models.BigIntegerField(_("bytes"), default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    seal = models.CharField(max_length=64, blank=True, default="")
    # Where the next batch begins, while it is not finished.
    cursor: Any = models.JSONField(blank=True, default=dict, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("purge receipt")
        verbose_name_plural = _("purge receipts")
        indexes = [
            models.Index(fields=["client", "-id"], name="receipt_of_client"),
            models.Index(fields=["cause", "id"], condition=Q(finished_at=None), name="receipt_unfinished"),
        ]

    def __str__(self) -> str:
        return f"receipt {self.pk}"


class Tombstone(models.Model):
    """Keeps erased things from coming back by an old webhook. Nothing can be read out of a keyed hash.

    Of a message for ever; of a name somebody went by for what was sent up to ``until``: who writes anew is somebody
    new.
    """

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="tombstones")
    digest = models.CharField(max_length=64)
    until = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "digest"], name="one_tombstone")]

    def __str__(self) -> str:
        return f"tombstone {self.pk}"
