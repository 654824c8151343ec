"""Webhook events for those who look after a line."""

from typing import Any, ClassVar

from rest_framework import serializers

from messaging.bodies import readable
from messaging.models import WebhookEvent

SHORT = 300


class WebhookEventSerializer(serializers.ModelSerializer[WebhookEvent]):
    error = serializers.SerializerMethodField(help_text="Its last line.")

    class Meta:
        model = WebhookEvent
        fields = [
            *("id", "instance", "received_at", "state", "error", "attempts", "next_attempt_at"),
            *("processed_at", "source"),
        ]
        read_only_fields = fields
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "source": {
                "help_text": "Null for what the provider brought; else from where it was taken in later."
            }
        }

    @classmethod
    def with_related(cls, queryset: Any) -> Any:
        return queryset.defer("body")

    def get_error(self, event: WebhookEvent) -> str:
        return (event.error.strip().splitlines() or [""])[-1][:SHORT]


class WebhookEventDetailSerializer(WebhookEventSerializer):
    error = serializers.SerializerMethodField(help_text="All of it, with the traceback where there is one.")
    body = serializers.SerializerMethodField(
        help_text="What came, indented and shortened; keys and secrets are left out."
    )

    class Meta(WebhookEventSerializer.Meta):
        fields = [*WebhookEventSerializer.Meta.fields, "body"]
        read_only_fields = fields

    def get_error(self, event: WebhookEvent) -> str:
        return event.error

    def get_body(self, event: WebhookEvent) -> str:
        return readable(bytes(event.body))
