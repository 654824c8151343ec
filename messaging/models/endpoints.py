"""Webhooks out: where a client wants to be told of changes, and what became of each telling."""

import base64
import secrets
import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField
from accounts.leases import WaitingQuerySet, WaitingWork
from accounts.models import Client, TenantQuerySet

SECRET_PREFIX = "whsec_"
WAITING = Q(state="pending", lease_until=None)


def new_signing_secret() -> str:
    """As the Standard Webhooks specification writes it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


class EndpointQuerySet(TenantQuerySet):
    def reachable(self) -> Self:
        return self.filter(is_active=True, client__is_active=True)

    def awake(self, now: datetime) -> Self:
        """Those that may be called now; one that does not answer is left alone for a while."""
        return self.reachable().filter(Q(rests_until=None) | Q(rests_until__lte=now))

    def with_work(self, now: datetime) -> Self:
        """Those that a worker could do something for; however much waits, each costs one look into an index."""
        mine = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"))
        waiting = mine.filter(state=WebhookDelivery.State.PENDING, lease_until=None)
        # The earliest, not whether there is any: for that one, databases like to read the whole table.
        due_at = waiting.order_by("next_attempt_at").values("next_attempt_at")[:1]
        left_at = mine.filter(lease_until__isnull=False).order_by("lease_until").values("lease_until")[:1]
        rows = self.awake(now).alias(due_at=Subquery(due_at), left_at=Subquery(left_at))
        return rows.filter(Q(due_at__lte=now) | Q(left_at__lte=now))

    def sealed(self) -> Self:
        """Without secrets: one that cannot be decrypted then troubles only whoever asks for it."""
        return self.defer("secret")


class WebhookEndpoint(models.Model):
    """``events`` are types like ``message.created`` or ``message.*``; none means all. ``cursor`` is the last change
    that was fanned out.

    ``failing_since`` is the first failure after the last success. While it lasts nothing is delivered before
    ``rests_until``; after long enough the endpoint is switched off, and ``disabled_reason`` says so.
    """

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="webhook_endpoints", verbose_name=_("client")
    )
    name = models.CharField(_("name"), max_length=100, blank=True, default="")
    url = models.CharField(_("address"), max_length=500)
    secret = EncryptedTextField(default=new_signing_secret, editable=False)
    events = models.JSONField(_("events"), blank=True, default=list)
    is_active = models.BooleanField(_("active"), default=True)
    disabled_reason = models.CharField(_("reason"), max_length=300, blank=True, default="", editable=False)
    cursor = models.BigIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    rests_until = models.DateTimeField(null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name or self.url


class DeliveryQuerySet(WaitingQuerySet):
    client_path = "endpoint__client"


class WebhookDelivery(WaitingWork):
    """One change, or a test without one, for one endpoint. ``body`` is what is sent, byte for byte; ``event_id`` stays
    the same at each try."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        DELIVERING = "delivering", _("Delivering")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    owner_field: ClassVar[str] = "endpoint"
    waiting_state = State.PENDING
    claimed_state = State.DELIVERING
    claim_order = ("id",)

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("endpoint")
    )
    change_id = models.BigIntegerField(null=True, blank=True, editable=False)
    event_id = models.UUIDField(default=uuid.uuid4, editable=False)
    event_type = models.CharField(_("event"), max_length=30)
    body = models.TextField(editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    duration = models.FloatField(_("duration"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True, editable=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "change_id"], name="one_delivery_per_change")
        ]
        indexes = [
            # By endpoint throughout: work is looked for where one is awake, however much waits for the others.
            models.Index(fields=["endpoint", "id"], condition=WAITING, name="delivery_waiting"),
            models.Index(
                fields=["endpoint", "next_attempt_at"], condition=WAITING, name="delivery_due_of_endpoint"
            ),
            models.Index(
                fields=["endpoint", "lease_until"],
                condition=Q(lease_until__isnull=False),
                name="delivery_leased",
            ),
            models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
            models.Index(fields=["endpoint", "state", "-id"], name="delivery_by_state"),
            models.Index(fields=["created_at"], name="delivery_time"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"

    @classmethod
    def owners(cls) -> Any:
        return WebhookEndpoint.objects.sealed().select_related("client")
