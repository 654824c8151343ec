"""What may be asked to be done."""

import math
from typing import Any

from rest_framework import serializers

from accounts.models import Role, WhatsappInstance
from accounts.providers.events import MessageType
from accounts.serializers import IdField, VisibleRow
from messaging.models import Conversation

FILES = ("image", "audio", "voice", "video", "document", "sticker")
# What each of these members says is of one type.
TYPE_OF = {
    "location": MessageType.LOCATION,
    "contact": MessageType.CONTACTS,
    "template": MessageType.TEMPLATE,
}
PHONE = r"^\+?[0-9][0-9 ().-]{5,24}\Z"
NO_PHONE: dict[str, Any] = {"invalid": "A phone number begins with its country code and has up to 15 digits."}
NAME_LENGTH = 200
MOST_LABELS = 100
DEEPEST = 20


class OpenConversationSerializer(serializers.Serializer[Any]):
    instance = VisibleRow(
        queryset=WhatsappInstance.objects.sealed().select_related("client"), role=Role.OPERATOR
    )
    phone = serializers.RegexField(
        PHONE, help_text="With the country code; signs and spaces do not matter.", error_messages=NO_PHONE
    )
    name = serializers.CharField(required=False, allow_blank=True, default="", max_length=NAME_LENGTH)


class AssignSerializer(serializers.Serializer[Any]):
    assigned_to = IdField(allow_null=True, help_text="A user who is a member of the client, or null.")


class ConversationChangeSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=Conversation.Status.choices, required=False)
    assigned_to = IdField(required=False, allow_null=True, help_text="A member of the client, or null.")
    labels = serializers.ListField(
        child=IdField(), required=False, max_length=MOST_LABELS, help_text="Ids: these and no others."
    )


class LocationSerializer(serializers.Serializer[Any]):
    latitude = serializers.FloatField(min_value=-90, max_value=90)
    longitude = serializers.FloatField(min_value=-180, max_value=180)
    name = serializers.CharField(required=False, allow_blank=True, default="", max_length=NAME_LENGTH)
    address = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class CardSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH)
    phone = serializers.RegexField(PHONE, help_text="With the country code.", error_messages=NO_PHONE)


class PlainField(serializers.DictField):
    """JSON that every database and provider takes."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().to_internal_value(data)
        if not _is_plain(found, DEEPEST):
            raise serializers.ValidationError("Something in here cannot be written down.")
        return found


class TemplateSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=512)
    language = serializers.CharField(max_length=20, help_text="As Meta writes it: `pt_BR`.")
    components = serializers.ListField(
        child=PlainField(), required=False, default=list, max_length=20, help_text="As Meta's API takes them."
    )


class SendSerializer(serializers.Serializer[Any]):
    """One of text, media_file, location, contact and template; a file takes a text as its caption."""

    type = serializers.ChoiceField(
        choices=["text", *FILES, *TYPE_OF.values()],
        required=False,
        help_text="May be left out; `voice` sends an audio file as a voice note.",
    )
    text = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    reply_to = IdField(required=False, allow_null=True, help_text="The id of a message of this conversation.")
    media_file = IdField(required=False, allow_null=True, help_text="The id of a stored file of the client.")
    location = LocationSerializer(required=False, allow_null=True)
    contact = CardSerializer(required=False, allow_null=True)
    template = TemplateSerializer(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("media_file", *TYPE_OF) if attrs.get(name) is not None]
        if len(given) > 1:
            raise serializers.ValidationError({given[1]: [f"Not together with {given[0]}."]})
        content = given[0] if given else "text"
        if content in TYPE_OF and attrs.get("text"):
            raise serializers.ValidationError({"text": [f"Not together with {content}."]})
        _check_type(attrs.get("type"), content)
        return attrs


class SendFileSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(max_length=255, allow_empty_file=True)
    type = serializers.ChoiceField(
        choices=FILES,
        required=False,
        help_text="By the file itself, when left out; never `voice` or `sticker`.",
    )
    text = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, help_text="The caption."
    )
    reply_to = IdField(required=False, help_text="The id of a message of this conversation.")


class RenameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True, max_length=NAME_LENGTH)


class EditSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(trim_whitespace=False)


class ReactSerializer(serializers.Serializer[Any]):
    emoji = serializers.CharField(max_length=64)


class SettleSerializer(serializers.Serializer[Any]):
    was_sent = serializers.BooleanField(help_text="Whether a person saw it arrive.")


def _check_type(stated: str | None, content: str) -> None:
    fitting = FILES if content == "media_file" else (TYPE_OF.get(content, MessageType.TEXT),)
    if stated and stated not in fitting:
        words = ", ".join(fitting)
        raise serializers.ValidationError({"type": [f"What is given here is of the type {words}."]})


def _is_plain(value: Any, deeper: int) -> bool:
    if isinstance(value, dict):
        return deeper > 0 and all(_is_plain(part, deeper - 1) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return deeper > 0 and all(_is_plain(part, deeper - 1) for part in value)
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    return not isinstance(value, float) or math.isfinite(value)
