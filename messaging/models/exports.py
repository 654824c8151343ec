"""Data that somebody wants to take along, made in parts by the worker."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.leases import WaitingQuerySet, WaitingWork, lease_indexes
from accounts.models import Client, ClientQuerySet, Role
from messaging.models.contacts import Contact
from messaging.models.conversations import Conversation


class EveryClient(ClientQuerySet):
    def reachable(self) -> Self:
        """Who leaves takes the data along, whether or not the client is still switched on."""
        return self


class ExportQuerySet(WaitingQuerySet):
    client_path = "client"

    def visible_to(self, user: Any, *, role: Role = Role.MANAGER) -> Self:
        """Managers only, whatever they want to do with it."""
        return super().visible_to(user, role=Role.MANAGER)

    def over(self, now: datetime) -> Self:
        """Ready too long ago, failed as long ago, or removed when the storage did not answer."""
        state, asked = Export.State, now - timedelta(days=settings.EXPORT_DAYS)
        over = Q(state=state.READY, expires_at__lte=now) | Q(state=state.FAILED, created_at__lte=asked)
        return self.filter(over | (Q(state=state.EXPIRED) & ~Q(part_sizes=[])))


class Export(WaitingWork):
    """One ZIP. Its parts lie in the storage, one after the other the whole file; ``part_sizes`` are their bytes,
    ``part_marks`` what sets their names apart from those of parts that do not count.

    ``cursor`` is where the next part begins. ``scope`` says which of the three it is of, and stays when the row that
    it names is gone.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        MAKING = "making", _("Being made")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Removed")

    class Scope(models.TextChoices):
        CLIENT = "client", _("Client")
        CONVERSATION = "conversation", _("Conversation")
        CONTACT = "contact", _("Person")

    owner_field: ClassVar[str] = "client"
    waiting_state = State.PENDING
    claimed_state = State.MAKING
    claim_order = ("id",)

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="exports", verbose_name=_("client")
    )
    scope = models.CharField(_("scope"), max_length=12, choices=Scope.choices)
    conversation = models.ForeignKey(
        Conversation,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="exports",
        verbose_name=_("conversation"),
    )
    contact = models.ForeignKey(
        Contact,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="exports",
        verbose_name=_("contact"),
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="exports",
        verbose_name=_("requested by"),
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    error = models.CharField(_("reason"), max_length=300, blank=True, default="")
    cursor: Any = models.JSONField(blank=True, default=dict, editable=False)
    part_sizes: Any = models.JSONField(blank=True, default=list, editable=False)
    part_marks: Any = models.JSONField(blank=True, default=list, editable=False)
    messages = models.PositiveBigIntegerField(_("messages"), default=0)
    messages_total = models.PositiveBigIntegerField(default=0)
    files = models.PositiveBigIntegerField(_("files"), default=0)
    absent = models.PositiveBigIntegerField(_("files that are not there"), default=0)
    size = models.BigIntegerField(_("size"), default=0)
    created_at = models.DateTimeField(_("requested"), default=timezone.now, editable=False)
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True, editable=False)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        indexes = [
            *lease_indexes("export", "id", owner="client"),
            models.Index(fields=["client", "-id"], name="export_of_client"),
            models.Index(fields=["expires_at"], condition=Q(state="ready"), name="export_expiry"),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @classmethod
    def owners(cls) -> EveryClient:
        return EveryClient(Client)

    @property
    def marks(self) -> list[str]:
        """One for each part; those of old had none."""
        known = [*self.part_marks, *[""] * len(self.part_sizes)]
        return known[: len(self.part_sizes)]

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.PENDING, self.State.MAKING)
