"""Gaps, for those who show a line's conversations."""

from typing import Any

from rest_framework import serializers

from messaging.models import Gap


class GapSerializer(serializers.ModelSerializer[Gap]):
    class Meta:
        model = Gap
        fields = [
            *("id", "instance", "why", "started_at", "ended_at", "expected", "noticed_at", "taken_in"),
            "answer",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "ended_at": {"help_text": "Null while it goes on."},
            "expected": {"help_text": "How many webhook events usually come in such a time."},
            "taken_in": {"help_text": "Messages of that time that came later."},
            "answer": {"help_text": "What the provider said when it was asked for what is missing."},
        }

    @classmethod
    def with_related(cls, queryset: Any) -> Any:
        return queryset
