"""What is made of stored files for screens and players; the files themselves stay as they came."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.leases import WaitingQuerySet, WaitingWork, lease_indexes
from accounts.models import InstanceQuerySet, WhatsappInstance
from media.models.files import MediaFile


class EveryInstance(InstanceQuerySet):
    def reachable(self) -> Self:
        """What is stored is shown, whether or not its line still works."""
        return self


class Rendition(WaitingWork):
    """One thing made of one media file. A waveform has no file: it is written into the media file's own row."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        MAKING = "making", _("Making")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        UNAVAILABLE = "unavailable", _("no tool for it here")

    class Kind(models.TextChoices):
        THUMBNAIL = "thumbnail", _("Thumbnail")
        PREVIEW = "preview", _("Preview")
        M4A = "m4a", _("M4A")
        WAVEFORM = "waveform", _("Waveform")

    waiting_state = State.PENDING
    claimed_state = State.MAKING
    # What came last is looked at first; a long backlog does not keep new messages waiting.
    claim_order = ("-media_file_id", "id")

    instance = models.ForeignKey(
        WhatsappInstance, on_delete=models.PROTECT, related_name="renditions", verbose_name=_("instance")
    )
    # Found by the constraint's index.
    media_file = models.ForeignKey(
        MediaFile,
        on_delete=models.CASCADE,
        related_name="renditions",
        db_index=False,
        verbose_name=_("media file"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PENDING)
    error = models.CharField(
        _("error"), max_length=300, blank=True, default="", help_text=_("Why there is none yet.")
    )
    file = models.FileField(_("file"), max_length=500, blank=True, default="", editable=False)
    mimetype = models.CharField(_("file type"), max_length=50, blank=True, default="", editable=False)
    size = models.BigIntegerField(_("size"), null=True, blank=True, editable=False)
    width = models.PositiveIntegerField(_("width"), null=True, blank=True, editable=False)
    height = models.PositiveIntegerField(_("height"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    ready_at = models.DateTimeField(_("made"), null=True, blank=True, editable=False)

    objects = WaitingQuerySet.as_manager()

    class Meta:
        verbose_name = _("rendition")
        verbose_name_plural = _("renditions")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["media_file", "kind"], name="one_rendition_of_a_kind"),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(kind="waveform") | ~Q(file=""), name="rendition_has_a_file"
            ),
        ]
        indexes = [
            *lease_indexes("rendition", "-media_file", "id"),
            models.Index(
                fields=["state", "id"],
                condition=Q(state__in=["failed", "unavailable"]),
                name="rendition_not_made",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of media file {self.media_file_id}"

    @classmethod
    def owners(cls) -> EveryInstance:
        return EveryInstance(WhatsappInstance).sealed()

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY
