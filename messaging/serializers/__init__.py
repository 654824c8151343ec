"""How rows look from outside, and what may be asked. Each ``with_related`` reads along what one row needs."""

from messaging.serializers.conversations import ConversationSerializer
from messaging.serializers.events import WebhookEventDetailSerializer, WebhookEventSerializer
from messaging.serializers.gaps import GapSerializer
from messaging.serializers.labels import LabelSerializer, NoteSerializer
from messaging.serializers.messages import MessageSerializer
from messaging.serializers.outbox import OutboxItemSerializer
from messaging.serializers.people import ContactSerializer

__all__ = [
    "ContactSerializer",
    "ConversationSerializer",
    "GapSerializer",
    "LabelSerializer",
    "MessageSerializer",
    "NoteSerializer",
    "OutboxItemSerializer",
    "WebhookEventDetailSerializer",
    "WebhookEventSerializer",
]
