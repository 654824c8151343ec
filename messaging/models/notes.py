"""What a client's people tell each other about a conversation; it never leaves the house."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantQuerySet
from messaging.models.conversations import Conversation


class NoteQuerySet(TenantQuerySet):
    client_path = "conversation__instance__client"


class Note(models.Model):
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="notes", verbose_name=_("conversation")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="notes",
        verbose_name=_("author"),
    )
    text = models.TextField(_("text"), max_length=10_000)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = NoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["conversation", "-created_at", "-id"], name="note_of_conversation")]

    def __str__(self) -> str:
        return f"note {self.pk}"
