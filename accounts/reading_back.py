"""Where a line's webhooks go, as its provider tells, and kept for screens: without addresses, which are credentials."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q

from accounts import audit, services
from accounts.models import WhatsappInstance

# Without these messages do not come at all; the others only leave out ticks and the line's state.
ESSENTIAL = ("received", "delivery", "phone_number")
OURS, NOWHERE, ELSEWHERE = "ours", "", "at "
LONGEST_HOST = 100


def read_webhooks(instance: WhatsappInstance, *, now: datetime) -> Mapping[str, str]:
    """Ask the provider, and note the answer."""
    told = services.provider_for(instance).read_webhooks()
    note(instance, told, now=now)
    return told


def set_webhooks(instance: WhatsappInstance, *, now: datetime) -> Mapping[str, str]:
    """Set them, read them back, and note the answer."""
    told = services.configure_webhooks(instance)
    audit.note(audit.Action.INSTANCE_WEBHOOKS_SET, instance, at=now)
    note(instance, told, now=now)
    return told


def note(instance: WhatsappInstance, told: Mapping[str, str], *, now: datetime) -> None:
    """``now`` is when the provider was asked."""
    known = _settled(instance, told)
    astray = any(known[slot] != OURS for slot in ESSENTIAL if slot in known)
    facts: dict[str, Any] = {"webhook_slots": known, "webhooks_read_at": now, "webhooks_astray": astray}
    # Not of an address that was changed while the provider was asked, nor what is older than what is known.
    newest = Q(webhooks_read_at=None) | Q(webhooks_read_at__lte=now)
    same = WhatsappInstance.objects.filter(newest, pk=instance.pk, webhook_key=instance.webhook_key)
    same.update(**facts)


def _settled(instance: WhatsappInstance, told: Mapping[str, str]) -> dict[str, str]:
    ours = services.webhook_url(instance)
    return {
        slot: OURS if address == ours else _whither(address)
        for slot, address in services.webhooks_in_force(instance, told).items()
    }


def _whither(address: str) -> str:
    if not address:
        return NOWHERE
    host = _host(address)
    return ELSEWHERE + (host[:LONGEST_HOST] if host else "?")


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_this_host(told: str) -> bool:
    return told == ELSEWHERE + _host(settings.PUBLIC_BASE_URL)
