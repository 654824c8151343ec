"""What waits and what has failed, each kind with its oldest, for screens. Counts end at a cap."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Role
from accounts.reach import Reach
from media.models import MediaFile
from messaging.models import OutboxItem, WebhookDelivery, WebhookEndpoint, WebhookEvent
from messaging.services.measuring import Queue, queue


@dataclass(frozen=True, slots=True)
class Backlog:
    """Of one kind of work. ``doubtful`` is of sends only; deliveries are told to managers only, else None."""

    waiting: Queue
    failed: Queue
    doubtful: Queue | None = None


def backlog(user: Any, reach: Reach, client: Any) -> dict[str, Backlog]:
    """Waiting counts where work is done; failed is failed everywhere."""
    found = {
        "events": Backlog(
            _waiting(reach, WebhookEvent, "received_at"),
            _in_state(reach, WebhookEvent, WebhookEvent.State.FAILED, "received_at"),
        ),
        "media": Backlog(
            _waiting(reach, MediaFile, "created_at"),
            _in_state(reach, MediaFile, MediaFile.State.FAILED, "created_at"),
        ),
        "sends": Backlog(
            _waiting(reach, OutboxItem, "created_at"),
            _in_state(reach, OutboxItem, OutboxItem.State.FAILED, "created_at"),
            _in_state(reach, OutboxItem, OutboxItem.State.UNKNOWN, "created_at"),
        ),
    }
    endpoints = _endpoints(user, client)
    return found | ({"deliveries": _deliveries(endpoints)} if endpoints else {})


def _waiting(reach: Reach, model: Any, time_field: str) -> Queue:
    rows = model.objects.filter(state=model.waiting_state, lease_until=None)
    return queue(reach.narrow_to_live(rows), time_field)


def _in_state(reach: Reach, model: Any, state: str, time_field: str) -> Queue:
    return queue(reach.narrow(model.objects.filter(state=state)), time_field)


def _endpoints(user: Any, client: Any) -> list[int]:
    rows = WebhookEndpoint.objects.visible_to(user, role=Role.MANAGER).order_by()
    return list((rows.filter(client=client) if client else rows).values_list("pk", flat=True))


def _deliveries(endpoints: list[int]) -> Backlog:
    rows = WebhookDelivery.objects.filter(endpoint__in=endpoints)
    state = WebhookDelivery.State
    return Backlog(
        queue(rows.filter(state=state.PENDING, lease_until=None), "created_at"),
        queue(rows.filter(state=state.FAILED), "created_at"),
    )


def oldest_of(found: dict[str, Backlog]) -> datetime | None:
    return min((one.waiting.oldest for one in found.values() if one.waiting.oldest), default=None)
