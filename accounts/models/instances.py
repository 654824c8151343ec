"""WhatsApp numbers at their providers."""

import secrets
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField
from accounts.models.tenancy import Client, TenantQuerySet


def new_webhook_key() -> str:
    return secrets.token_urlsafe(32)


class InstanceQuerySet(TenantQuerySet):
    def sealed(self) -> Self:
        """Without secrets: one that cannot be decrypted then troubles only whoever asks for it."""
        return self.defer(*WhatsappInstance.SECRET_FIELDS)

    def reachable(self) -> Self:
        """Switched on, and its client too: the only ones that webhooks are taken for."""
        return self.filter(is_active=True, client__is_active=True)

    def heard_from(self, pk: int, at: datetime) -> None:
        self.filter(pk=pk).update(last_event_at=Greatest(Coalesce("last_event_at", at), at))


class WhatsappInstance(models.Model):
    """One WhatsApp number at a provider.

    ``instance_id`` is W-API's instanceId or the Cloud API's phone_number_id. ``alarm`` is a sentence for people;
    it stands until the line is seen to work again. ``webhook_slots`` is what the provider last told of its webhooks:
    by slot ``ours``, ``""`` for nothing, or ``at <host>``; never an address, for those are credentials.
    """

    class Provider(models.TextChoices):
        WAPI = "wapi", "W-API"
        CLOUD = "cloud", "Cloud API"

    class Status(models.TextChoices):
        UNKNOWN = "unknown", _("Unknown")
        CONNECTED = "connected", _("Connected")
        DISCONNECTED = "disconnected", _("Disconnected")

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="instances", verbose_name=_("client")
    )
    name = models.CharField(_("name"), max_length=200)
    provider = models.CharField(_("provider"), max_length=10, choices=Provider.choices)
    instance_id = models.CharField(
        _("instance id"),
        max_length=100,
        help_text=_("W-API: the instanceId. Cloud API: the phone number id."),
    )
    token = EncryptedTextField(
        _("token"), blank=True, default="", help_text=_("The instance's access token.")
    )
    app_secret = EncryptedTextField(
        _("app secret"),
        blank=True,
        default="",
        help_text=_("Cloud API: the Meta app's secret; it signs webhooks."),
    )
    verify_token = EncryptedTextField(
        _("verify token"),
        blank=True,
        default="",
        help_text=_("Cloud API: the token of Meta's webhook handshake."),
    )
    webhook_key = models.CharField(max_length=100, unique=True, default=new_webhook_key, editable=False)
    phone_number = models.CharField(_("phone number"), max_length=20, blank=True, default="")
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.UNKNOWN)
    status_changed_at = models.DateTimeField(_("status since"), null=True, blank=True, editable=False)
    last_event_at = models.DateTimeField(_("last event"), null=True, blank=True, editable=False)
    alarm = models.CharField(_("alarm"), max_length=300, blank=True, default="", editable=False)
    alarm_at = models.DateTimeField(_("alarm since"), null=True, blank=True, editable=False)
    webhook_slots = models.JSONField(blank=True, default=dict, editable=False)
    webhooks_read_at = models.DateTimeField(_("webhooks read"), null=True, blank=True, editable=False)
    webhooks_astray = models.BooleanField(_("webhooks go elsewhere"), default=False, editable=False)
    media_strategies = models.CharField(
        _("media strategies"),
        max_length=60,
        blank=True,
        default="",
        help_text=_(
            "Own order of cdn, provider, provider_alt, separated by commas. Empty: the platform's order."
        ),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = InstanceQuerySet.as_manager()

    STRATEGIES: ClassVar[tuple[str, ...]] = ("cdn", "provider", "provider_alt")
    # A new line has so long to bring something.
    SILENT_AFTER: ClassVar[timedelta] = timedelta(hours=24)
    SECRET_FIELDS: ClassVar[tuple[str, ...]] = ("token", "app_secret", "verify_token")

    class Meta:
        verbose_name = _("WhatsApp instance")
        verbose_name_plural = _("WhatsApp instances")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "instance_id"], name="one_instance_per_provider_id")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_reachable(self) -> bool:
        return self.is_active and self.client.is_active

    def strategy_order(self, default: list[str]) -> list[str]:
        own = [word.strip() for word in self.media_strategies.split(",") if word.strip()]
        return own or default
