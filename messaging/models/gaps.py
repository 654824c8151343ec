"""When a line brought nothing although it should have, and what makes that known: its usual traffic, signs of life."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import OfInstance, WhatsappInstance
from messaging.models.webhooks import WebhookEvent


class TakenIn(models.Model):
    """What a stored event was taken in from: a file of the spool, or an entry of the provider's log. Once each."""

    event = models.OneToOneField(
        WebhookEvent, primary_key=True, on_delete=models.CASCADE, related_name="taken_in"
    )
    name = models.CharField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.name


class TrafficHour(models.Model):
    """How many webhook events of a line came in one hour and were read; ``hour`` is its beginning."""

    instance = models.ForeignKey(WhatsappInstance, on_delete=models.CASCADE, related_name="traffic")
    hour = models.DateTimeField()
    events = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "hour"], name="one_traffic_hour")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}: {self.events}"


class Gap(models.Model):
    """A time in which a line brought nothing, or only late. It goes on while ``ended_at`` is empty.

    ``expected`` is how many events usually come in such a time; ``taken_in`` counts messages of that time that came
    later. At ``ask_at`` the provider is asked for what it still has; ``answer`` is what came of the last time.
    """

    class Why(models.TextChoices):
        SILENT = "silent", _("Silent")
        DISCONNECTED = "disconnected", _("Not connected")
        ASTRAY = "webhooks_astray", _("Webhooks went elsewhere")
        SPOOLED = "spooled", _("Our database was away")
        DOWN = "down", _("We were down")

    instance = models.ForeignKey(
        WhatsappInstance, on_delete=models.CASCADE, related_name="gaps", verbose_name=_("instance")
    )
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=16, choices=Why.choices)
    expected = models.PositiveIntegerField(_("expected events"), default=0)
    noticed_at = models.DateTimeField(_("noticed"), default=timezone.now)
    taken_in = models.PositiveIntegerField(_("messages taken in later"), default=0)
    ask_at = models.DateTimeField(null=True, blank=True, editable=False)
    answer = models.CharField(_("provider's answer"), max_length=200, blank=True, default="")

    objects = OfInstance.as_manager()

    # Nothing was lost that would have to be asked for.
    WHOLE: ClassVar[tuple[Any, ...]] = (Why.SPOOLED,)

    class Meta:
        ordering = ["-started_at", "-id"]
        verbose_name = _("gap")
        verbose_name_plural = _("gaps")
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "why"], condition=Q(ended_at=None), name="one_open_gap"
            )
        ]
        indexes = [
            models.Index(fields=["instance", "-started_at"], name="gap_of_instance"),
            models.Index(fields=["-started_at", "-id"], name="gap_newest"),
            models.Index(fields=["ask_at"], condition=Q(ask_at__isnull=False), name="gap_to_ask"),
        ]

    def __str__(self) -> str:
        return f"{self.why} {self.started_at:%Y-%m-%d %H:%M}"


class Sign(models.Model):
    """That a process of ours lived at that time: one row for each machine and what runs there."""

    name = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"
