"""Bodies of W-API made around one content."""

import base64
import json
from typing import Any

from accounts.providers.events import Event, MessageReceived, MessageType
from accounts.providers.wapi import webhooks

KEY = base64.b64encode(bytes(range(32))).decode()
FILE = {"mediaKey": KEY, "directPath": "/v/t62.7119-24/1_n.enc?oe=6B000002", "mimetype": "application/pdf"}
PHONE = "5511900002222"


def body(content: Any, **changes: Any) -> bytes:
    plain = {
        "event": "webhookReceived",
        "instanceId": "X-1",
        "messageId": "3EB0AA",
        "fromMe": False,
        "chat": {"id": PHONE},
        "sender": {"id": PHONE},
        "moment": 1790001234,
        "msgContent": content,
    }
    return json.dumps(plain | changes).encode()


def parsed(content: Any, **changes: Any) -> Event:
    (event,) = webhooks.parse(body(content, **changes))
    return event


def message(content: Any, **changes: Any) -> MessageReceived:
    event = parsed(content, **changes)
    assert isinstance(event, MessageReceived)
    return event


def shown(content: Any) -> tuple[MessageType, str, dict[str, Any]]:
    event = message(content)
    return event.type, event.text, event.payload
