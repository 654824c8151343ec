"""Webhook events as they came, what they tell, and what goes out: to providers and to clients' own systems."""

from messaging.models.changes import Reaction, StatusChange, WaitingChange
from messaging.models.contacts import Contact, ContactAlias, FormerId
from messaging.models.conversations import Conversation, Message
from messaging.models.endpoints import WebhookDelivery, WebhookEndpoint, new_signing_secret
from messaging.models.exports import Export
from messaging.models.gaps import Gap, Sign, TakenIn, TrafficHour
from messaging.models.keeping import LegalHold, PurgeReceipt, Tombstone
from messaging.models.labels import Label
from messaging.models.notes import Note
from messaging.models.outbox import OutboxItem, SendingLine
from messaging.models.webhooks import RefusedWebhook, WebhookEvent

__all__ = [
    "Contact",
    "ContactAlias",
    "Conversation",
    "Export",
    "FormerId",
    "Gap",
    "Label",
    "LegalHold",
    "Message",
    "Note",
    "OutboxItem",
    "PurgeReceipt",
    "Reaction",
    "RefusedWebhook",
    "SendingLine",
    "Sign",
    "StatusChange",
    "TakenIn",
    "Tombstone",
    "TrafficHour",
    "WaitingChange",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "new_signing_secret",
]
