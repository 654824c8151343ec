"""Signatures as the Standard Webhooks specification wants them, which receivers have libraries for."""

import base64
import hashlib
import hmac
from datetime import datetime

from messaging.models.endpoints import SECRET_PREFIX


def headers(secret: str, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
