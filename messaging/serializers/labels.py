"""What a client's people stick on conversations and write beside them."""

from collections.abc import Sequence
from typing import Any

from django.db.models import prefetch_related_objects
from rest_framework import serializers

from accounts.models import Client, Role
from accounts.serializers import PersonSerializer, Shown, VisibleRow
from messaging.models import Label, Note
from messaging.serializers.together import Completed, Together

NOTE_LENGTH = 10_000


class LabelSerializer(serializers.ModelSerializer[Label]):
    class Meta:
        model = Label
        fields = ["id", "client", "name", "color", "created_at"]
        read_only_fields = ["id", "client", "created_at"]
        # That a name is taken is known for sure only when the row is written.
        validators: list[Any] = []

    @classmethod
    def with_related(cls, queryset: Any) -> Any:
        return queryset


class NewLabelSerializer(LabelSerializer):
    client = VisibleRow(queryset=Client.objects.all(), role=Role.OPERATOR)

    class Meta(LabelSerializer.Meta):
        read_only_fields = ["id", "created_at"]


class LabelBriefSerializer(Shown[Label]):
    class Meta:
        model = Label
        fields = ["id", "name", "color"]
        read_only_fields = fields


class NoteSerializer(Completed):
    author = PersonSerializer(read_only=True, allow_null=True, help_text="Null when the user is gone.")
    text = serializers.CharField(max_length=NOTE_LENGTH)

    class Meta:
        model = Note
        list_serializer_class = Together
        fields = ["id", "conversation", "author", "text", "created_at"]
        read_only_fields = ["id", "conversation", "created_at"]

    def complete(self, rows: Sequence[Any]) -> None:
        prefetch_related_objects(rows, "author")

    @classmethod
    def with_related(cls, queryset: Any) -> Any:
        return queryset.select_related("author")
