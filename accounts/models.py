"""Clients, the people who work for them, and their WhatsApp instances."""

import secrets
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts.fields import EncryptedTextField


class Role(models.TextChoices):
    VIEWER = "viewer"
    OPERATOR = "operator"
    MANAGER = "manager"

    @property
    def and_above(self) -> "list[Role]":
        return list(Role)[list(Role).index(self) :]


class TenantQuerySet(models.QuerySet[Any]):
    """Rows of one client each. ``client_path`` leads from the row to its client."""

    client_path = "client"

    def visible_to(self, user: "User | AnonymousUser", *, role: Role = Role.VIEWER) -> Self:
        """What ``user`` may see, or do as at least ``role``. Every reader at the edge starts here."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_superuser:
            return self.all()
        own = Membership.objects.filter(user=user, role__in=role.and_above).values("client")
        return self.filter(**{f"{self.client_path}__in": own})


class OfInstance(TenantQuerySet):
    client_path = "instance__client"


class ClientQuerySet(TenantQuerySet):
    client_path = "pk"


class Client(models.Model):
    """The tenant: a company whose numbers we run."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ClientQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person who logs in. A superuser administers the whole platform; others see what their memberships give."""

    clients: "models.ManyToManyField[Client, Membership]" = models.ManyToManyField(
        Client, through="Membership", related_name="users"
    )

    class Meta:
        ordering = ["username"]


class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "client"], name="one_membership_per_client")]

    def __str__(self) -> str:
        return f"{self.user} · {self.client} · {self.role}"


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
    it stands until the line is seen to work again.
    """

    class Provider(models.TextChoices):
        WAPI = "wapi", "W-API"
        CLOUD = "cloud", "Cloud API"

    class Status(models.TextChoices):
        UNKNOWN = "unknown"
        CONNECTED = "connected"
        DISCONNECTED = "disconnected"

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="instances")
    name = models.CharField(max_length=200)
    provider = models.CharField(max_length=10, choices=Provider.choices)
    instance_id = models.CharField(
        max_length=100, help_text="W-API: the instanceId. Cloud API: the phone number id."
    )
    token = EncryptedTextField(blank=True, default="", help_text="The instance's access token.")
    app_secret = EncryptedTextField(
        blank=True, default="", help_text="Cloud API: the Meta app's secret; it signs webhooks."
    )
    verify_token = EncryptedTextField(
        blank=True, default="", help_text="Cloud API: the token of Meta's webhook handshake."
    )
    webhook_key = models.CharField(max_length=100, unique=True, default=new_webhook_key, editable=False)
    phone_number = models.CharField(max_length=20, blank=True, default="")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.UNKNOWN)
    status_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_event_at = models.DateTimeField(null=True, blank=True, editable=False)
    alarm = models.CharField(max_length=300, blank=True, default="", editable=False)
    alarm_at = models.DateTimeField(null=True, blank=True, editable=False)
    media_strategies = models.CharField(
        max_length=60,
        blank=True,
        default="",
        help_text="Own order of cdn, provider, provider_alt, separated by commas. Empty: the platform's order.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = InstanceQuerySet.as_manager()

    STRATEGIES: ClassVar[tuple[str, ...]] = ("cdn", "provider", "provider_alt")
    SILENT_AFTER: ClassVar[timedelta] = timedelta(hours=24)
    SECRET_FIELDS: ClassVar[tuple[str, ...]] = ("token", "app_secret", "verify_token")

    class Meta:
        ordering = ["name"]
        verbose_name = "WhatsApp instance"
        constraints = [
            models.UniqueConstraint(fields=["provider", "instance_id"], name="one_instance_per_provider_id")
        ]

    def __str__(self) -> str:
        return self.name

    def strategy_order(self, default: list[str]) -> list[str]:
        own = [word.strip() for word in self.media_strategies.split(",") if word.strip()]
        return own or default
