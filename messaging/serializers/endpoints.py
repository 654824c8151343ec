"""Webhooks out: endpoints, and the log of what was delivered to them."""

from typing import Any

from rest_framework import serializers

from accounts.feed import TYPES, Topic
from accounts.models import Client, Role
from accounts.providers.errors import HostNotAllowed
from accounts.serializers import VisibleRow
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.targets import check_target

EVENTS = [
    *(f"{topic}.*" for topic in Topic.values),
    *TYPES,
]
STATES = WebhookDelivery.State


class TargetField(serializers.CharField):
    """An address that we may call."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=500, **options)

    def to_internal_value(self, data: Any) -> str:
        url = super().to_internal_value(data)
        try:
            check_target(url)
        except HostNotAllowed as exc:
            text = f"Webhooks go to public hosts by https on port 443, or to hosts in MEDIA_EXTRA_HOSTS: {exc.reason}."
            raise serializers.ValidationError(text, "not_allowed") from exc
        return url


class EventsField(serializers.ListField):
    child = serializers.ChoiceField(choices=EVENTS)

    def to_internal_value(self, data: Any) -> list[str]:
        return list(dict.fromkeys(super().to_internal_value(data)))


class WebhookEndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    url = TargetField(help_text="https on a public host; redirects are not followed.")
    events = EventsField(required=False, max_length=50, help_text="None: everything.")

    class Meta:
        model = WebhookEndpoint
        fields = (
            *("id", "client", "name", "url", "events", "is_active", "disabled_reason"),
            *("failing_since", "rests_until", "last_success_at", "created_at"),
        )
        read_only_fields = (
            *("client", "disabled_reason"),
            *("failing_since", "rests_until", "last_success_at", "created_at"),
        )
        extra_kwargs = {
            "is_active": {"help_text": "Switched on, it carries on where it stopped."},
            "disabled_reason": {"help_text": "Why it was switched off by itself; empty when a person did."},
            "failing_since": {"help_text": "The first failure after the last success."},
            "rests_until": {"help_text": "Failing for a while, it is left alone until then."},
        }


class NewWebhookEndpointSerializer(serializers.Serializer[Any]):
    client = VisibleRow(queryset=Client.objects.filter(is_active=True), role=Role.MANAGER)
    url = TargetField(help_text="https on a public host; redirects are not followed.")
    name = serializers.CharField(required=False, allow_blank=True, default="", max_length=100)
    events = EventsField(required=False, default=list, max_length=50, help_text="None: everything.")


class CreatedWebhookEndpointSerializer(WebhookEndpointSerializer):
    secret = serializers.CharField(read_only=True, help_text="Signs every delivery. It is never shown again.")

    class Meta(WebhookEndpointSerializer.Meta):
        fields = (*WebhookEndpointSerializer.Meta.fields, "secret")  # type: ignore[assignment]


class WebhookSecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="It is never shown again.")


class EnableEndpointSerializer(serializers.Serializer[Any]):
    resume_from = serializers.ChoiceField(
        choices=("cursor", "now"),
        default="cursor",
        help_text="`cursor`: what was missed is delivered too, as far back as changes are kept.",
    )


class WebhookDeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    class Meta:
        model = WebhookDelivery
        fields = (
            *("id", "endpoint", "event_id", "event_type", "state", "attempts", "next_attempt_at"),
            *("http_status", "duration", "error", "created_at", "delivered_at"),
        )
        read_only_fields = fields
        extra_kwargs = {
            "event_id": {"help_text": "The header `webhook-id`: the same at each try."},
            "next_attempt_at": {"help_text": "While pending."},
            "duration": {"help_text": "Seconds that the last try took."},
            "error": {"help_text": "What the last try came to; of an answer, how it begins."},
        }


class WebhookDeliveryDetailSerializer(WebhookDeliverySerializer):
    class Meta(WebhookDeliverySerializer.Meta):
        fields = (*WebhookDeliverySerializer.Meta.fields, "body")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]
        extra_kwargs = {
            **WebhookDeliverySerializer.Meta.extra_kwargs,
            "body": {"help_text": "What is sent, byte for byte."},
        }


class DeliveryQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=STATES.choices, required=False)


class ReplaySerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField(help_text="Deliveries made then or later.")
    state = serializers.ChoiceField(
        choices=(STATES.FAILED.value, STATES.DELIVERED.value), default=STATES.FAILED.value
    )


class ReplayedSerializer(serializers.Serializer[Any]):
    replayed = serializers.IntegerField()
    more = serializers.BooleanField(help_text="There are more than one call takes: ask again.")
