from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Prefetch, prefetch_related_objects
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import WhatsappInstance
from accounts.serializers import PersonSerializer, Shown
from media.models import MediaFile
from media.serializers import MediaFileSerializer
from messaging.models import Conversation, Message, OutboxItem, Reaction
from messaging.models.conversations import STATUSES
from messaging.serializers import payloads
from messaging.serializers.people import ContactNameSerializer
from messaging.serializers.together import PREVIEW, Completed, Together, WordField, one_line

Action, State = OutboxItem.Action, OutboxItem.State
SECRETS = tuple(f"conversation__instance__{name}" for name in WhatsappInstance.SECRET_FIELDS)
# What a front end has to show beside the message itself.
UNDONE = (State.PENDING, State.SENDING, State.UNKNOWN, State.FAILED)


class ReactionSerializer(Shown[Reaction]):
    actor = ContactNameSerializer(read_only=True, allow_null=True, help_text="Null is us.")

    class Meta:
        model = Reaction
        fields = ["emoji", "actor", "occurred_at"]
        read_only_fields = fields


class UndoneSerializer(Shown[OutboxItem]):
    class Meta:
        model = OutboxItem
        fields = ["id", "action", "state", "error"]
        read_only_fields = fields


class EarlierTextSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    until = serializers.DateTimeField(help_text="When the next text replaced it.")


class QuotedSerializer(serializers.Serializer[Any]):
    """The message that one answers. ``id`` is null when it never came here."""

    id = serializers.IntegerField(allow_null=True)
    provider_message_id = serializers.CharField()
    type = serializers.CharField(allow_null=True)
    text = serializers.CharField(help_text=f"One line of at most {PREVIEW} characters.")
    direction = serializers.CharField(allow_null=True)
    sender = ContactNameSerializer(allow_null=True, help_text="Null is us, or unknown without an id.")


QUOTED = QuotedSerializer()


class MessageSerializer(Completed):
    client = serializers.IntegerField(source="conversation.instance.client_id", read_only=True)
    instance = serializers.IntegerField(source="conversation.instance_id", read_only=True)
    sender = ContactNameSerializer(read_only=True, allow_null=True, help_text="Null is us.")
    sent_by = PersonSerializer(
        read_only=True,
        allow_null=True,
        help_text="Who sent it from here; null when somebody typed it on the phone, or the other side wrote.",
    )
    status = WordField(STATUSES, help_text="Of what we sent; empty for what came in.")
    payload = serializers.SerializerMethodField()
    reply_to = serializers.SerializerMethodField()
    earlier_texts = EarlierTextSerializer(many=True, read_only=True, help_text="Before edits, oldest first.")
    reactions = ReactionSerializer(many=True, read_only=True, source="told_reactions")
    media = MediaFileSerializer(read_only=True, allow_null=True)
    outbox = UndoneSerializer(
        many=True, read_only=True, source="undone", help_text="What is not done yet for it, or failed."
    )

    class Meta:
        model = Message
        list_serializer_class = Together
        fields = [
            *("id", "client", "instance", "conversation", "provider_message_id", "direction", "sender"),
            *("sent_by", "type", "text", "payload", "reply_to", "media", "sent_at", "received_at", "status"),
            *("delivered_at", "read_at", "played_at", "failed_at", "error", "edited_at", "earlier_texts"),
            *("revoked_at", "removal", "removed_at", "reactions", "outbox"),
        ]
        read_only_fields = fields
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "provider_message_id": {"help_text": "Null until it is sent."},
            "sent_at": {"help_text": "By the sender's clock; what messages are in order of."},
            "received_at": {"help_text": "When it came here or was written here."},
            "error": {"help_text": "Why it failed; empty otherwise."},
            "revoked_at": {"help_text": "When it was deleted for everyone; its text stays here."},
            "removal": {
                "help_text": "Null, `file`: removed by retention, or `all`: its author's data were erased."
            },
        }

    @classmethod
    def with_related(cls, queryset: Any) -> Any:
        return queryset.select_related("sender", "sent_by")

    def complete(self, rows: Sequence[Any]) -> None:
        prefetch_related_objects(rows, *_surroundings())
        self.quoted = _quoted(rows)

    @extend_schema_field(payloads.SCHEMA)
    def get_payload(self, message: Message) -> dict[str, Any]:
        return payloads.shown(message.payload)

    @extend_schema_field(QuotedSerializer(allow_null=True))
    def get_reply_to(self, message: Message) -> dict[str, Any] | None:
        if not message.reply_to_id:
            return None
        found = self.quoted.get((message.conversation_id, message.reply_to_id))
        facts = _facts(found) if found else {"text": payloads.quoted_text(message.payload)}
        facts["text"] = one_line(facts["text"])[:PREVIEW]
        unknown = dict.fromkeys(("id", "type", "direction", "sender"))
        return QUOTED.to_representation(unknown | facts | {"provider_message_id": message.reply_to_id})


def _surroundings() -> list[Any]:
    threads = Conversation.objects.prefetch_related(Prefetch("instance", WhatsappInstance.objects.sealed()))
    return [
        Prefetch("conversation", threads),
        "conversation__instance",
        "sender",
        "sent_by",
        Prefetch("media", MediaFileSerializer.with_related(MediaFile.objects.all())),
        Prefetch(
            "reactions", Reaction.objects.select_related("actor").order_by("id"), to_attr="told_reactions"
        ),
        Prefetch("outbox", OutboxItem.objects.filter(state__in=UNDONE).order_by("id"), to_attr="undone"),
    ]


def _quoted(messages: Sequence[Message]) -> dict[tuple[int, str], Message]:
    """Ids of messages are their senders' choice: a quote is looked for in its own conversation only."""
    answers = [message for message in messages if message.reply_to_id]
    if not answers:
        return {}
    rows = Message.objects.filter(
        conversation__in={message.conversation_id for message in answers},
        provider_message_id__in={message.reply_to_id for message in answers},
    )
    found = rows.select_related("sender").defer("payload", "earlier_texts").order_by()
    return {(row.conversation_id, row.provider_message_id): row for row in found}


def _facts(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "type": message.type,
        "text": "" if message.revoked_at else message.text,
        "direction": message.direction,
        "sender": message.sender,
    }
