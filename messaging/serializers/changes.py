from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from accounts.feed import TYPES
from accounts.serializers import InstanceSerializer
from media.serializers import MediaFileSerializer
from messaging.serializers.conversations import ConversationSerializer
from messaging.serializers.messages import MessageSerializer


@extend_schema_field(
    PolymorphicProxySerializer(
        component_name="ChangedObject",
        serializers=[MessageSerializer, ConversationSerializer, MediaFileSerializer, InstanceSerializer],
        resource_type_field_name=None,
    )
)
class ChangedObject(serializers.JSONField):
    """As its own address would show it now."""


class ChangeSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="A cursor: go on after this one.")
    type = serializers.ChoiceField(choices=[(word, word) for word in TYPES])
    occurred_at = serializers.DateTimeField()
    client = serializers.IntegerField()
    instance = serializers.IntegerField(allow_null=True)
    object_id = serializers.IntegerField()
    object = ChangedObject(
        allow_null=True,
        help_text="How it looks now, which may be newer than this change; null when it is gone.",
    )


class ChangesSerializer(serializers.Serializer[Any]):
    results = ChangeSerializer(many=True)
    cursor = serializers.CharField(help_text="Ask with this `after` next time.")
    more = serializers.BooleanField(help_text="There is more already: ask again at once.")


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField(help_text="As `?ticket=` of the stream; shows nothing else.")
    url = serializers.URLField(help_text="Where the stream is.")
    expires_at = serializers.DateTimeField(
        help_text="Until then a stream can be opened with it; an open one goes on."
    )
