"""Webhook events as they came, and what they tell: contacts, conversations, messages and their changes."""

from messaging.models.changes import Reaction, StatusChange, WaitingChange
from messaging.models.contacts import Contact, ContactAlias
from messaging.models.conversations import Conversation, Message
from messaging.models.webhooks import RefusedWebhook, WebhookEvent

__all__ = [
    "Contact",
    "ContactAlias",
    "Conversation",
    "Message",
    "Reaction",
    "RefusedWebhook",
    "StatusChange",
    "WaitingChange",
    "WebhookEvent",
]
