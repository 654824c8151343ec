"""Every attempt to get a file, and how each strategy does."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantQuerySet, WhatsappInstance
from media.models.files import MediaFile


class FetchAttemptQuerySet(TenantQuerySet):
    client_path = "media_file__instance__client"


class FetchAttempt(models.Model):
    """One try of one strategy. ``duration`` is seconds. Nothing secret is ever in ``reason``."""

    class Outcome(models.TextChoices):
        OK = "ok", _("Ok")
        GONE = "gone", _("Gone")
        UNAVAILABLE = "unavailable", _("unavailable for now")
        LINE_DOWN = "line_down", _("line down")
        REFUSED = "refused", _("Refused")
        UNSUPPORTED = "unsupported", _("Unsupported")
        INTEGRITY = "integrity", _("not the file")
        UNEXPECTED = "unexpected", _("unexpected answer")
        STORAGE = "storage", _("our storage")

    media_file = models.ForeignKey(
        MediaFile, on_delete=models.CASCADE, related_name="fetch_attempts", verbose_name=_("media file")
    )
    strategy = models.CharField(_("strategy"), max_length=20)
    started_at = models.DateTimeField(_("started"))
    duration = models.FloatField(_("duration"), default=0)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    bytes = models.BigIntegerField(_("bytes"), default=0)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")

    objects = FetchAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("fetch attempt")
        verbose_name_plural = _("fetch attempts")
        ordering = ["started_at", "id"]
        indexes = [models.Index(fields=["started_at"], name="attempt_time")]

    def __str__(self) -> str:
        return f"{self.strategy}: {self.outcome}"


class StrategyHealth(models.Model):
    """How one strategy does for one instance. While ``closed_until`` lies ahead, it is skipped; then one file probes.

    ``failures`` counts failures in a row; ``is_lacking`` says that the provider has no such call.
    """

    instance = models.ForeignKey(WhatsappInstance, on_delete=models.CASCADE, related_name="strategy_health")
    strategy = models.CharField(max_length=20)
    failures = models.PositiveIntegerField(default=0)
    closed_until = models.DateTimeField(null=True, blank=True)
    is_lacking = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("strategy health")
        verbose_name_plural = _("strategy health")
        constraints = [
            models.UniqueConstraint(fields=["instance", "strategy"], name="one_health_per_strategy")
        ]

    def __str__(self) -> str:
        return f"{self.strategy} of {self.instance}"
