"""What a conversation's provider can do, and whether it lets one answer freely now."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import WhatsappInstance
from accounts.providers import PROVIDERS
from accounts.providers.base import Abilities
from accounts.providers.events import ChatKind
from messaging.models import Conversation


@dataclass(frozen=True, slots=True)
class Window:
    """Whether one may answer freely, and until when; None where the other side never wrote."""

    is_open: bool
    until: datetime | None


def abilities_of(instance: WhatsappInstance) -> Abilities:
    return PROVIDERS[instance.provider].abilities


def window_of(conversation: Conversation, now: datetime) -> Window | None:
    """None where there is no window: one may always write."""
    length = abilities_of(conversation.instance).window
    if length is None or conversation.kind != ChatKind.DIRECT:
        return None
    wrote = conversation.last_inbound_at
    until = wrote + length if wrote else None
    return Window(is_open=until is not None and now < until, until=until)
