"""Addresses of instances."""

from accounts.models import WhatsappInstance

INSTANCES = "/api/v1/instances/"
ACTIONS = {
    "check": "post",
    "qr-code": "get",
    "pairing-code": "post",
    "restart": "post",
    "disconnect": "post",
    "webhooks": "get",
    "rotate-webhook-key": "post",
}


def at(instance: WhatsappInstance, action: str = "") -> str:
    return f"{INSTANCES}{instance.pk}/{action + '/' if action else ''}"
