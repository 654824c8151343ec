"""What may be asked of lists."""

from typing import Any

from rest_framework import serializers

from accounts.providers.events import ChatKind, MessageType
from messaging.models import Conversation, Message, OutboxItem, WebhookEvent
from messaging.serializers.together import IdField

TYPES = [word.value for word in MessageType]
KINDS = [word.value for word in ChatKind]
ME, NOBODY = "me", "none"


class WordsField(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, **options)


class AssigneeField(serializers.CharField):
    """An id, ``me`` or ``none``."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        return text if text in (ME, NOBODY) else IdField().run_validation(text)


class ConversationQuery(serializers.Serializer[Any]):
    q = WordsField(help_text="Words of the title, the name, or a phone number, any part of them.")
    client = IdField(required=False)
    instance = IdField(required=False)
    contact = IdField(required=False)
    status = serializers.ChoiceField(choices=Conversation.Status.choices, required=False)
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    assigned_to = AssigneeField(required=False, help_text="A user's id, `me`, or `none`.")
    unread = serializers.BooleanField(required=False)
    label = IdField(required=False, help_text="A label's id.")


class ThreadQuery(serializers.Serializer[Any]):
    q = WordsField(help_text="Words of the text, any part of them; one has three characters or more.")
    around = IdField(required=False, help_text="A message's id: the page has it in its middle.")


class MessageQuery(serializers.Serializer[Any]):
    q = WordsField(help_text="Words of the text. Without it `conversation` has to be given.")
    conversation = IdField(required=False)
    instance = IdField(required=False)
    direction = serializers.ChoiceField(choices=Message.Direction.choices, required=False)
    type = serializers.ChoiceField(choices=TYPES, required=False)
    since = serializers.DateTimeField(required=False, help_text="Sent at this time or later.")
    until = serializers.DateTimeField(required=False, help_text="Sent before this time.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("q") and "conversation" not in attrs:
            raise serializers.ValidationError(
                {"q": ["Say what to look for, or name a conversation."]}, code="required"
            )
        return attrs


class ContactQuery(serializers.Serializer[Any]):
    q = WordsField(help_text="A part of the name, or a phone number.")
    client = IdField(required=False)


class LabelQuery(serializers.Serializer[Any]):
    client = IdField(required=False)


class OutboxQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=OutboxItem.State.choices, required=False)
    conversation = IdField(required=False)
    instance = IdField(required=False)


class WebhookEventQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=WebhookEvent.State.choices, required=False)
    instance = IdField(required=False)
    since = serializers.DateTimeField(required=False, help_text="Received at this time or later.")
    until = serializers.DateTimeField(required=False, help_text="Received before this time.")
