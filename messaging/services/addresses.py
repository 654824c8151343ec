"""Which instance a webhook address belongs to.

An answer holds for WEBHOOK_LOOKUP_SECONDS in the process that asked, so a busy line costs no query and no decryption
per request; a key that was changed, or an instance that was switched off, stops working after that time.
"""

import time
from dataclasses import dataclass, field

from django.conf import settings

from accounts.models import WhatsappInstance
from accounts.providers.base import Provider
from accounts.services import provider_for

MOST_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class Line:
    instance: WhatsappInstance
    provider: Provider
    known_at: float = field(default_factory=time.monotonic)


_known: dict[str, Line] = {}


def line_of(webhook_key: str) -> Line | None:
    line = _known.get(webhook_key)
    if line and time.monotonic() - line.known_at < settings.WEBHOOK_LOOKUP_SECONDS:
        return line
    instance = WhatsappInstance.objects.reachable().filter(webhook_key=webhook_key).first()
    if instance is None:
        _known.pop(webhook_key, None)
        return None
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    line = _known[webhook_key] = Line(instance, provider_for(instance))
    return line
