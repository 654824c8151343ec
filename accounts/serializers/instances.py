"""WhatsApp instances: what may be seen of them, and what may be written."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Client, Role, WhatsappInstance
from accounts.providers import PROVIDERS
from accounts.serializers.fields import VisibleRow

SECRET_LENGTH = 4096


class MediaLimitSerializer(serializers.Serializer[Any]):
    mimetypes = serializers.ListField(child=serializers.CharField(), help_text="Empty: any.")
    max_bytes = serializers.IntegerField()


class AbilitiesSerializer(serializers.Serializer[Any]):
    """What the instance's provider can do."""

    pair = serializers.BooleanField(help_text="Connected by QR code or pairing code.")
    edit = serializers.BooleanField()
    delete = serializers.BooleanField()
    templates = serializers.BooleanField()
    window_seconds = serializers.IntegerField(
        allow_null=True, help_text="How long after the other side's last message one may answer freely."
    )
    text_length = serializers.IntegerField()
    caption_length = serializers.IntegerField()
    media = serializers.DictField(child=MediaLimitSerializer(), help_text="By kind of media.")


def abilities_of(provider: str) -> dict[str, Any]:
    kind = PROVIDERS[provider]
    can = kind.abilities
    return {
        "pair": kind.can_pair,
        "edit": can.edit,
        "delete": can.delete,
        "templates": can.templates,
        "window_seconds": None if can.window is None else int(can.window.total_seconds()),
        "text_length": can.text,
        "caption_length": can.caption,
        "media": {
            medium.value: {"mimetypes": list(limit.mimetypes), "max_bytes": limit.max_bytes}
            for medium, limit in can.media.items()
        },
    }


class StrategyOrder(serializers.ListField):
    """Stored as words separated by commas."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [(word, word) for word in WhatsappInstance.STRATEGIES]
        super().__init__(child=serializers.ChoiceField(choices=choices), **kwargs)

    def to_representation(self, data: Any) -> list[str]:
        return [word.strip() for word in data.split(",") if word.strip()]

    def to_internal_value(self, data: Any) -> Any:
        return ",".join(dict.fromkeys(super().to_internal_value(data)))


def _secret(purpose: str) -> dict[str, Any]:
    told = f"{purpose} Never shown; leave it out to keep what is stored."
    return {"write_only": True, "required": False, "allow_blank": False, "max_length": SECRET_LENGTH} | {
        "help_text": told
    }


class InstanceSerializer(serializers.ModelSerializer[WhatsappInstance]):
    """A WhatsApp number at a provider."""

    # Shows nothing that a viewer of the client may not see; reads no secret, so a sealed row will do.

    client = VisibleRow(queryset=Client.objects.all(), role=Role.MANAGER)
    media_strategies = StrategyOrder(
        required=False, help_text="Its own order of strategies. Empty: the platform's order."
    )
    abilities = serializers.SerializerMethodField()

    class Meta:
        model = WhatsappInstance
        fields = (
            "id", "client", "name", "provider", "instance_id", "phone_number", "status", "status_changed_at",
            "last_event_at", "alarm", "alarm_at", "media_strategies", "is_active", "created_at", "abilities",
            *WhatsappInstance.SECRET_FIELDS,
        )  # fmt: skip
        read_only_fields = (
            "status", "status_changed_at", "last_event_at", "alarm", "alarm_at", "created_at"
        )  # fmt: skip
        # The database keeps provider and instance id unique; asking first would only ask twice.
        validators: list[Any] = []
        extra_kwargs = {
            "phone_number": {"help_text": "Its own number, as entered or as the provider told it."},
            "last_event_at": {"help_text": "When the provider last sent a webhook."},
            "alarm": {"help_text": "What keeps it from working, as a sentence; empty when nothing does."},
            "is_active": {"help_text": "Switched off it takes no webhooks and sends nothing."},
            "token": _secret("The instance's access token."),
            "app_secret": _secret("Cloud API: the Meta app's secret, which signs webhooks."),
            "verify_token": _secret("Cloud API: the word of Meta's webhook handshake."),
        }

    @extend_schema_field(AbilitiesSerializer)
    def get_abilities(self, instance: WhatsappInstance) -> dict[str, Any]:
        return abilities_of(instance.provider)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Conversations and files belong to the client and were told by the provider."""
        if isinstance(self.instance, WhatsappInstance):
            for name in ("client", "provider"):
                if name in attrs and attrs[name] != getattr(self.instance, name):
                    raise serializers.ValidationError({name: ["This cannot change."]}, "fixed")
        return attrs


class CheckedSerializer(serializers.Serializer[Any]):
    """What the provider said just now."""

    connected = serializers.BooleanField()
    detail = serializers.CharField(help_text="In the provider's words; may be empty.")
    instance = InstanceSerializer()


class QrCodeSerializer(serializers.Serializer[Any]):
    connected = serializers.BooleanField(help_text="True: there is nothing to scan.")
    png = serializers.CharField(allow_null=True, help_text="A data: address for <img>.")


class PhoneSerializer(serializers.Serializer[Any]):
    phone = serializers.RegexField(
        r"^\+?[0-9]{8,15}\Z",
        help_text="With country code, e.g. 5511900001234.",
        error_messages={"invalid": "A number has 8 to 15 digits, with the country code and without spaces."},
    )


class PairingCodeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="To be typed in WhatsApp on the phone.")


class WebhookAddressSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="Whoever knows it can write to the instance.")


class WebhooksSerializer(WebhookAddressSerializer):
    at_provider = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        help_text="What the provider has, by slot; empty: nothing.",
    )
    matches = serializers.BooleanField(help_text="All that is needed comes here.")
