"""What a client used, by month."""

from datetime import UTC, date, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.serializers.fields import IdField


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])$", "example": "2026-03"})
class MonthField(serializers.Field[date, Any, str, date]):
    """``2026-03``."""

    default_error_messages = {"invalid": "A month looks like 2026-03."}

    def to_internal_value(self, data: Any) -> date:
        text = str(data)
        try:
            return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: date) -> str:
        return value.isoformat()[:7]


class UsageQuerySerializer(serializers.Serializer[Any]):
    """``from`` and ``to`` are months, both included."""

    instance = IdField(required=False)

    def get_fields(self) -> dict[str, Any]:
        months = {name: MonthField(required=False) for name in ("from", "to")}
        return months | super().get_fields()


class CountedSerializer(serializers.Serializer[Any]):
    inbound = serializers.IntegerField(help_text="Messages.")
    outbound = serializers.IntegerField(help_text="Messages.")
    files = serializers.IntegerField(help_text="Verified files.")
    bytes = serializers.IntegerField(help_text="Their sizes.")


class UsageRowSerializer(CountedSerializer):
    month = MonthField()
    kind = serializers.CharField(help_text="A message's type, or a file's kind.")


class UsageSerializer(serializers.Serializer[Any]):
    rows = UsageRowSerializer(many=True)
    totals = CountedSerializer()

    def get_fields(self) -> dict[str, Any]:
        return {name: MonthField() for name in ("from", "to")} | super().get_fields()
