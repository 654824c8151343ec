from collections.abc import Sequence
from typing import Any

from django.db.models import prefetch_related_objects
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.serializers import PersonSerializer
from messaging.models import OutboxItem
from messaging.serializers.together import Completed, Together, WordField

# Of what the worker is told, what a person asked for.
MEMBERS = ("emoji", "text")


class AskedSerializer(serializers.Serializer[Any]):
    emoji = serializers.CharField(required=False, help_text="Of a reaction; empty takes it back.")
    text = serializers.CharField(required=False, help_text="Of an edit: the new text.")


class OutboxItemSerializer(Completed):
    content = serializers.SerializerMethodField()
    doubt = WordField(OutboxItem.Doubt.choices, help_text="Why nobody knows whether it arrived.")
    created_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = OutboxItem
        list_serializer_class = Together
        fields = [
            *("id", "instance", "conversation", "message", "action", "content", "state", "error", "doubt"),
            *("attempts", "next_attempt_at", "created_by", "created_at", "asked_at", "settled_at"),
        ]
        read_only_fields = fields

    @classmethod
    def with_related(cls, queryset: Any) -> Any:
        return queryset.select_related("created_by")

    def complete(self, rows: Sequence[Any]) -> None:
        prefetch_related_objects(rows, "created_by")

    @extend_schema_field(AskedSerializer())
    def get_content(self, item: OutboxItem) -> dict[str, str]:
        stated = item.content if isinstance(item.content, dict) else {}
        return {name: stated[name] for name in MEMBERS if isinstance(stated.get(name), str)}
