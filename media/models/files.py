"""Media files, from the first mention in a webhook to verified bytes in storage."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.leases import WaitingQuerySet, WaitingWork, lease_indexes
from accounts.models import WhatsappInstance


def a_month_from_now() -> datetime:
    """WhatsApp keeps an encrypted file for about thirty days after its upload."""
    return timezone.now() + timedelta(days=30)


class MediaFileQuerySet(WaitingQuerySet):
    def move_to(self, state: "MediaFile.State", **changes: Any) -> int:
        """Move those rows that may go there; a row in any other state stays as it is."""
        sources = [old for old, targets in MediaFile.TRANSITIONS.items() if state in targets]
        return self.filter(state__in=sources).let_go(state=state, **changes)

    def fetched_before(self, media_files: Collection["MediaFile"]) -> Self:
        """What the same client has of what forwards bring again: for each key and ciphertext the newest ready file."""
        clients = {media_file.instance.client_id for media_file in media_files}
        sums = {media_file.enc_sha256 for media_file in media_files}
        same = (
            self.filter(instance__client__in=clients, enc_sha256__in=sums).exclude(enc_sha256="").order_by()
        )
        # The state is no condition of the search, or SQLite would look through all files that are ready.
        newest = Max("pk", filter=Q(state=MediaFile.State.READY))
        groups = same.values("instance__client", "enc_sha256", "media_key").annotate(newest=newest)
        return self.filter(pk__in=groups.values("newest")).select_related("instance")


class MediaFile(WaitingWork):
    """One file of one message. Sums are hex, ``media_key`` is base64, sizes are bytes, durations seconds.

    ``expires_at`` is the source's deadline: after it no source is expected to have the file.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        FETCHING = "fetching", _("Fetching")
        READY = "ready", _("Ready")
        EXPIRED = "expired", _("Expired")
        FAILED = "failed", _("Failed")
        UNAVAILABLE = "unavailable", _("Unavailable")
        MISSING = "missing", _("Missing")

    class Cause(models.TextChoices):
        """Why there is no file, in one word that can be counted; ``error`` has the sentence."""

        GONE = "gone", _("gone at the source")
        UNAVAILABLE = "unavailable", _("source does not answer")
        INTEGRITY = "integrity", _("what came is not the file")
        UNEXPECTED = "unexpected", _("unexpected answer")
        REFUSED = "refused", _("refused for good")
        LINE_DOWN = "line_down", _("line down or paused")
        STORAGE = "storage", _("our storage")
        OURS = "ours", _("an error of our own")
        WITHHELD = "withheld", _("never offered")
        NO_SOURCE = "no_source", _("no source to ask")
        LOST = "lost", _("lost from the storage")
        QUOTA = "quota", _("the client's storage is full")
        REMOVED = "removed", _("removed on purpose")

    class Kind(models.TextChoices):
        IMAGE = "image", _("Image")
        VIDEO = "video", _("Video")
        AUDIO = "audio", _("Audio")
        VOICE = "voice", _("Voice")
        DOCUMENT = "document", _("Document")
        STICKER = "sticker", _("Sticker")

    TRANSITIONS: ClassVar[dict[State, set[State]]] = {
        State.PENDING: {State.FETCHING},
        State.FETCHING: {State.READY, State.PENDING, State.EXPIRED, State.FAILED, State.UNAVAILABLE},
        State.READY: {State.MISSING},
        State.MISSING: {State.PENDING},
        State.EXPIRED: {State.PENDING},
        State.FAILED: {State.PENDING},
        State.UNAVAILABLE: {State.PENDING},
    }

    waiting_state = State.PENDING
    claimed_state = State.FETCHING
    claim_order = ("expires_at", "id")

    instance = models.ForeignKey(
        WhatsappInstance, on_delete=models.PROTECT, related_name="media_files", verbose_name=_("instance")
    )
    chat_id = models.CharField(_("chat id"), max_length=200, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PENDING)
    error = models.CharField(
        _("error"), max_length=500, blank=True, default="", help_text=_("Why there is no file yet.")
    )
    cause = models.CharField(
        _("cause"), max_length=12, choices=Cause.choices, blank=True, default="", editable=False
    )
    warning = models.CharField(
        _("warning"), max_length=300, blank=True, default="", help_text=_("What was odd about a good file.")
    )

    mimetype = models.CharField(_("file type"), max_length=200, blank=True, default="")
    filename = models.CharField(_("file name"), max_length=255, blank=True, default="")
    declared_size = models.BigIntegerField(_("declared size"), null=True, blank=True)
    media_key = models.CharField(max_length=100, blank=True, default="", editable=False)
    direct_path = models.TextField(blank=True, default="", editable=False)
    url = models.TextField(blank=True, default="", editable=False)
    media_id = models.CharField(max_length=200, blank=True, default="")
    declared_sha256 = models.CharField(max_length=64, blank=True, default="")
    enc_sha256 = models.CharField(max_length=64, blank=True, default="")
    expires_at = models.DateTimeField(_("at its source until"), default=a_month_from_now)

    thumbnail = models.BinaryField(blank=True, default=b"", editable=False)
    waveform = models.BinaryField(blank=True, default=b"", editable=False)
    duration = models.PositiveIntegerField(_("duration"), null=True, blank=True)
    width = models.PositiveIntegerField(_("width"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height"), null=True, blank=True)
    pages = models.PositiveIntegerField(_("pages"), null=True, blank=True)
    animated = models.BooleanField(_("animated"), default=False)

    file = models.FileField(_("file"), max_length=500, blank=True, default="", editable=False)
    size = models.BigIntegerField(_("size"), null=True, blank=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    strategy = models.CharField(_("strategy"), max_length=20, blank=True, default="", editable=False)
    ready_at = models.DateTimeField(_("stored"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = MediaFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("media file")
        verbose_name_plural = _("media files")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(state="ready") | ~Q(file=""), name="ready_means_a_file"),
        ]
        indexes = [
            *lease_indexes("media", "expires_at", "id"),
            models.Index(fields=["-created_at", "-id"], name="media_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="media_by_state"),
            models.Index(fields=["instance", "-created_at", "-id"], name="media_by_instance"),
            models.Index(fields=["instance", "state"], name="media_state_of_instance"),
            models.Index(
                fields=["cause", "-created_at", "-id"], condition=~Q(cause=""), name="media_by_cause"
            ),
            models.Index(fields=["enc_sha256"], condition=~Q(enc_sha256=""), name="media_by_ciphertext"),
            models.Index(fields=["sha256", "id"], condition=~Q(sha256=""), name="media_by_content"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY
