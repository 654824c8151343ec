from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import OuterRef, Prefetch, Subquery, prefetch_related_objects
from django.db.models.functions import Left
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import WhatsappInstance
from accounts.serializers import PersonSerializer, Shown
from messaging.abilities import window_of
from messaging.models import Contact, Conversation, Message
from messaging.models.conversations import STATUSES
from messaging.serializers.labels import LabelBriefSerializer
from messaging.serializers.people import AliasSerializer, phone_of
from messaging.serializers.together import PREVIEW, Completed, Together, WordField, one_line

SECRETS = tuple(f"instance__{name}" for name in WhatsappInstance.SECRET_FIELDS)


class OtherSideSerializer(Shown[Contact]):
    phone = serializers.SerializerMethodField(help_text="Digits with the country code; empty when unknown.")
    aliases = AliasSerializer(many=True, read_only=True, source="told_aliases")

    class Meta:
        model = Contact
        fields = ["id", "name", "phone", "aliases"]
        read_only_fields = fields

    def get_phone(self, contact: Contact) -> str:
        return phone_of(contact)


class WindowSerializer(serializers.Serializer[Any]):
    """In which Meta lets one answer freely; outside only templates go."""

    open = serializers.BooleanField(source="is_open")
    until = serializers.DateTimeField(allow_null=True, help_text="Null when the other side never wrote.")


class LatestSerializer(Shown[Message]):
    text = serializers.SerializerMethodField(help_text=f"One line of at most {PREVIEW} characters.")
    status = WordField(STATUSES)
    revoked = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = ["id", "type", "text", "direction", "status", "sent_at", "revoked"]
        read_only_fields = fields

    def get_text(self, message: Any) -> str:
        return "" if message.revoked_at else one_line(message.preview)

    def get_revoked(self, message: Message) -> bool:
        return message.revoked_at is not None


LATEST_COLUMNS = ("type", "direction", "status", "sent_at", "revoked_at")
# One of each serves every row: to make its fields costs more than to use them.
WINDOW, LATEST = WindowSerializer(), LatestSerializer()


class ConversationSerializer(Completed):
    client = serializers.IntegerField(source="instance.client_id", read_only=True)
    contact = OtherSideSerializer(read_only=True, allow_null=True, help_text="Null in groups and channels.")
    title = serializers.SerializerMethodField(help_text="What to show: the title, the name or the number.")
    assigned_to = PersonSerializer(read_only=True, allow_null=True)
    labels = LabelBriefSerializer(many=True, read_only=True, source="told_labels")
    window = serializers.SerializerMethodField(help_text="Null where one may always write.")
    last_message = serializers.SerializerMethodField(help_text="The newest one, shortened.")

    class Meta:
        model = Conversation
        list_serializer_class = Together
        fields = [
            *("id", "client", "instance", "chat_id", "kind", "contact", "title", "status", "assigned_to"),
            *("unread_count", "labels", "last_message_at", "last_inbound_at", "window", "last_message"),
            *("purged_until", "created_at"),
        ]
        read_only_fields = fields
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "purged_until": {
                "help_text": "Messages up to here were removed by retention; null when none were."
            },
            "chat_id": {"help_text": "The provider's address of the chat; it can change."},
            "unread_count": {"help_text": "Messages that came in since somebody marked it read."},
        }

    @classmethod
    def with_related(cls, queryset: Any) -> Any:
        return queryset.select_related("contact", "assigned_to")

    def complete(self, rows: Sequence[Any]) -> None:
        prefetch_related_objects(
            rows,
            Prefetch("instance", WhatsappInstance.objects.sealed()),
            "assigned_to",
            Prefetch("contact__aliases", to_attr="told_aliases"),
            Prefetch("labels", to_attr="told_labels"),
        )
        self.latest = _latest(rows)

    def get_title(self, conversation: Conversation) -> str:
        contact = conversation.contact
        named = contact and (contact.name or phone_of(contact))
        return conversation.title or named or conversation.chat_id

    @extend_schema_field(WindowSerializer(allow_null=True))
    def get_window(self, conversation: Conversation) -> dict[str, Any] | None:
        # Whoever has a clock of its own brings it along.
        window = window_of(conversation, self.context.get("now") or timezone.now())
        return WINDOW.to_representation(window) if window else None

    @extend_schema_field(LatestSerializer(allow_null=True))
    def get_last_message(self, conversation: Conversation) -> dict[str, Any] | None:
        found = self.latest.get(conversation.pk)
        return LATEST.to_representation(found) if found else None


def _latest(conversations: Sequence[Conversation]) -> dict[int, Message]:
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-sent_at", "-id").values("pk")[:1]
    chosen = Conversation.objects.filter(pk__in=[row.pk for row in conversations]).order_by()
    rows = Message.objects.filter(pk__in=chosen.annotate(newest=Subquery(newest)).values("newest"))
    short = rows.annotate(preview=Left("text", PREVIEW)).only("conversation", *LATEST_COLUMNS)
    return {row.conversation_id: row for row in short.order_by()}
