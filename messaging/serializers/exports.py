"""What is taken along, and what may be asked to be."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Client, Role
from accounts.serializers import PersonSerializer, Shown, VisibleRow
from messaging.models import Contact, Conversation, Export
from messaging.serializers.conversations import SECRETS


class ExportSerializer(Shown[Export]):
    requested_by = PersonSerializer(read_only=True, allow_null=True)
    content_url = serializers.SerializerMethodField(help_text="A path of this host; null until it is ready.")

    class Meta:
        model = Export
        fields = (
            "id", "client", "scope", "conversation", "contact", "state", "error", "messages", "messages_total",
            "files", "absent", "size", "requested_by", "created_at", "ready_at", "expires_at", "content_url",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "error": {"help_text": "Why it failed, waits or was removed; empty otherwise."},
            "messages": {"help_text": "How many are in it so far."},
            "absent": {"help_text": "Files that are not there; the manifest says why."},
            "expires_at": {"help_text": "When it is removed."},
        }

    @classmethod
    def with_related(cls, rows: Any) -> Any:
        return rows.select_related("requested_by")

    @extend_schema_field({"type": ["string", "null"]})
    def get_content_url(self, export: Export) -> str | None:
        return f"/api/v1/exports/{export.pk}/content/" if export.is_ready else None


class NewExportSerializer(serializers.Serializer[Any]):
    """Exactly one of the three."""

    client = VisibleRow(queryset=Client.objects.all(), role=Role.MANAGER, required=False)
    conversation = VisibleRow(
        queryset=Conversation.objects.select_related("instance__client").defer(*SECRETS),
        role=Role.MANAGER,
        required=False,
    )
    contact = VisibleRow(queryset=Contact.objects.select_related("client"), role=Role.MANAGER, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Name one of client, conversation and contact.")
        return attrs
