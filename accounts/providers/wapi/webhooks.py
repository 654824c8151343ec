"""W-API's webhook bodies become our events. Nothing is signed: the address is the secret, the body names its line."""

import hmac
from collections.abc import Callable

from accounts.providers.errors import UnknownPayload, WebhookNotAuthentic
from accounts.providers.events import ChatKind, ConnectionChanged, Event, MessageStatus, StatusChanged
from accounts.providers.wapi.content import CONTEXT_INFO
from accounts.providers.wapi.envelope import DELIVERY, Envelope, line_id_of, read_envelope
from accounts.providers.wapi.identity import chat_of, is_story, phone_of
from accounts.providers.wapi.messages import ignored, message_event
from accounts.providers.wire import Fields, label, load_object

STATUSES = {
    "ERROR": MessageStatus.FAILED,
    "FAILED": MessageStatus.FAILED,
    "0": MessageStatus.FAILED,
    "PENDING": MessageStatus.SENDING,
    "1": MessageStatus.SENDING,
    "SERVER": MessageStatus.SENT,
    "SERVER_ACK": MessageStatus.SENT,
    "SENT": MessageStatus.SENT,
    "2": MessageStatus.SENT,
    "DELIVERY": MessageStatus.DELIVERED,
    "DELIVERED": MessageStatus.DELIVERED,
    "DELIVERY_ACK": MessageStatus.DELIVERED,
    "RECEIVED": MessageStatus.DELIVERED,
    "3": MessageStatus.DELIVERED,
    "READ": MessageStatus.READ,
    "READ_SELF": MessageStatus.READ,
    "4": MessageStatus.READ,
    "PLAYED": MessageStatus.PLAYED,
    "5": MessageStatus.PLAYED,
}


def line_of(body: bytes) -> str:
    return line_id_of(Fields(load_object(body)))


def verify(body: bytes, *, instance_id: str) -> None:
    stated = line_of(body)
    if not instance_id or not hmac.compare_digest(stated.encode(), instance_id.encode()):
        raise WebhookNotAuthentic("the body does not name this instance")


def parse(body: bytes) -> list[Event]:
    envelope = read_envelope(Fields(load_object(body)))
    if not envelope.line_id:
        raise UnknownPayload("not a W-API body: no instanceId")
    if not envelope.event:
        return _without_event_name(envelope)
    reader = EVENTS.get(envelope.event)
    if reader:
        return reader(envelope)
    if envelope.event.startswith("webhook"):
        return [ignored(envelope, f"event {label(envelope.event)}")]
    raise UnknownPayload(f"not an event of W-API: {label(envelope.event)}")


def _without_event_name(envelope: Envelope) -> list[Event]:
    shown = [name for name in envelope.content.names() if name.lower() != CONTEXT_INFO.lower()]
    if shown and envelope.message_id:
        return _message(envelope)
    if envelope.body.word("status") and "chat" in envelope.body:
        return _presence(envelope)
    raise UnknownPayload("not a W-API body: neither an event name nor a message")


def _message(envelope: Envelope) -> list[Event]:
    return [message_event(envelope)]


def _presence(envelope: Envelope) -> list[Event]:
    return [ignored(envelope, "presence")]


def _connected(envelope: Envelope) -> list[Event]:
    denied = "connected" in envelope.body and not envelope.body.flag("connected")
    return [_connection(envelope, connected=not denied)]


def _disconnected(envelope: Envelope) -> list[Event]:
    return [_connection(envelope, connected=False)]


def _connection(envelope: Envelope, *, connected: bool) -> ConnectionChanged:
    return ConnectionChanged(
        line_id=envelope.line_id,
        connected=connected,
        phone=phone_of(envelope.people.own_phone, envelope.people.lids),
        occurred_at=envelope.moment,
    )


def _status(envelope: Envelope) -> list[Event]:
    word = envelope.body.word("status").upper()
    ids = envelope.body.ids("ids") or [envelope.message_id]
    if word not in STATUSES:
        return [ignored(envelope, f"status {label(word) or 'without a word'}")]
    if is_story(envelope.people):
        return [ignored(envelope, "the status of a story")]
    changes: list[Event] = [
        _status_of(envelope, message_id, STATUSES[word]) for message_id in ids if message_id
    ]
    return changes or [ignored(envelope, "a status that names no message")]


def _status_of(envelope: Envelope, message_id: str, status: MessageStatus) -> StatusChanged:
    chat = chat_of(envelope.people)
    in_group = chat is not None and chat.kind is not ChatKind.DIRECT
    failed = status is MessageStatus.FAILED
    return StatusChanged(
        line_id=envelope.line_id,
        message_id=message_id,
        chat=chat,
        status=status,
        occurred_at=envelope.moment,
        participant=_participant(envelope) if in_group else "",
        error=envelope.body.text("error", "errorMessage", "reason") if failed else "",
    )


def _participant(envelope: Envelope) -> str:
    return envelope.body.id("participant") or envelope.people.sender_id


EVENTS: dict[str, Callable[[Envelope], list[Event]]] = {
    "webhookReceived": _message,
    DELIVERY: _message,
    "webhookStatus": _status,
    "webhookConnected": _connected,
    "webhookDisconnected": _disconnected,
    "webhookPresence": _presence,
    "webhookChatPresence": _presence,
}
