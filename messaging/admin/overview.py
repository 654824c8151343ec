"""The first page's words to people: what to do next, and which lines need somebody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.access import may
from accounts.admin.trouble import reasons, troubled
from accounts.counting import counts_up_to
from accounts.models import Client, Role, WhatsappInstance
from media.admin.storage_used import limits
from messaging.admin.addresses import list_address
from messaging.models import WebhookEvent

INSTANCES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Trouble:
    instance: Any
    reasons: list[str]


def overview(user: Any, chosen: str, now: datetime) -> dict[str, Any]:
    """``chosen`` is the id of one of the user's clients; anything else means all of them."""
    instances = WhatsappInstance.objects.visible_to(user).filter(client__is_active=True).filter(troubled(now))
    if chosen.isdecimal() and len(chosen) < 19:
        instances = instances.filter(client=int(chosen))
    [count] = counts_up_to(100, [instances])
    return {
        "steps": _next_steps(user),
        "troubles": [
            Trouble(one, list(reasons(one, now)))
            for one in instances.sealed().select_related("client").order_by("name", "pk")[:INSTANCES_SHOWN]
        ],
        "full": limits(user, alarming=True)[:INSTANCES_SHOWN],
        "more_troubles": max(0, count - INSTANCES_SHOWN),
        "troubles_address": list_address(WhatsappInstance, needs="person"),
        "can_add_instance": may(user, Role.MANAGER),
    }


def _next_steps(user: Any) -> str:
    if not Client.objects.visible_to(user).exists():
        return "client"
    if not WhatsappInstance.objects.visible_to(user).exists():
        return "instance"
    return "" if WebhookEvent.objects.visible_to(user).exists() else "webhook"
