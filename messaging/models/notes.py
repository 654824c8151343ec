"""What a client's people tell each other about a conversation; it never leaves the house."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import TenantQuerySet
from messaging.models.conversations import Conversation


class NoteQuerySet(TenantQuerySet):
    client_path = "conversation__instance__client"


class Note(models.Model):
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="notes"
    )
    text = models.TextField(max_length=10_000)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["conversation", "-created_at", "-id"], name="note_of_conversation")]

    def __str__(self) -> str:
        return f"note {self.pk}"
