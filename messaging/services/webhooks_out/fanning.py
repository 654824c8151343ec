"""From the feed of changes to deliveries: each endpoint has its place in the feed, and a row for what it wants."""

import json
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef
from rest_framework.utils.encoders import JSONEncoder

from accounts.models import Change
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.services.representing import represent

log = structlog.get_logger(__name__)

BATCH = 100
CLIENTS = 20


def fan_out(now: datetime) -> int:
    """A batch for each client whose endpoints lie behind; how many changes were looked at."""
    news = Change.objects.filter(client=OuterRef("client"), pk__gt=OuterRef("cursor"))
    behind = WebhookEndpoint.objects.reachable().filter(Exists(news)).order_by("?")
    clients = list(dict.fromkeys(behind.values_list("client", flat=True)[: 4 * CLIENTS]))
    return sum(_apart(client, now) for client in clients[:CLIENTS])


def _apart(client: int, now: datetime) -> int:
    try:
        return _fan_out_client(client, now)
    except DatabaseError:
        raise
    except Exception:  # noqa: BLE001 - the one boundary: what cannot be told of one client must not stop the worker
        log.exception("changes cannot be told", client=client)
        return 0


def _fan_out_client(client: int, now: datetime) -> int:
    """An endpoint that another worker has in hand is its business."""
    mine = WebhookEndpoint.objects.sealed().reachable().filter(client=client)
    with transaction.atomic():
        together = defaultdict(list)
        for endpoint in mine.order_by("pk").select_for_update(skip_locked=True, no_key=True, of=("self",)):
            together[endpoint.cursor].append(endpoint)
        return sum(_advance(client, cursor, group, now) for cursor, group in together.items())


def _advance(client: int, cursor: int, endpoints: Sequence[WebhookEndpoint], now: datetime) -> int:
    """Those that stand at the same place share the reading and the representing."""
    batch = list(Change.objects.filter(client=client, pk__gt=cursor).order_by("pk")[:BATCH])
    if not batch:
        return 0
    wanted = [change for change in batch if any(wants(endpoint, change.type) for endpoint in endpoints)]
    told = list(zip(wanted, represent(wanted), strict=True)) if wanted else []
    WebhookDelivery.objects.bulk_create(
        _delivery(endpoint, change, data, now)
        for change, data in told
        for endpoint in endpoints
        if wants(endpoint, change.type)
    )
    WebhookEndpoint.objects.filter(pk__in=[one.pk for one in endpoints]).update(cursor=batch[-1].pk)
    return len(batch)


def wants(endpoint: WebhookEndpoint, event_type: str) -> bool:
    chosen = endpoint.events
    return not chosen or event_type in chosen or f"{event_type.partition('.')[0]}.*" in chosen


def _delivery(
    endpoint: WebhookEndpoint, change: Change, data: dict[str, Any], now: datetime
) -> WebhookDelivery:
    event_id = uuid.uuid4()
    return WebhookDelivery(
        endpoint=endpoint,
        change_id=change.pk,
        event_id=event_id,
        event_type=change.type,
        body=body_of(event_id, change.type, change.occurred_at, data),
        created_at=now,
        next_attempt_at=now,
    )


def body_of(event_id: uuid.UUID, event_type: str, at: datetime, data: dict[str, Any]) -> str:
    """Plain ASCII, which every receiver's parser takes, whatever somebody wrote into a message."""
    told = {"id": event_id, "type": event_type, "timestamp": at, "data": data}
    return json.dumps(told, cls=JSONEncoder, separators=(",", ":"))
