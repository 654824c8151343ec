"""Deliveries are kept as long as the feed that they tell of."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q

from messaging.models import WebhookDelivery

log = structlog.get_logger(__name__)

BATCH = 1000
BATCHES = 50
State = WebhookDelivery.State


def prune_deliveries(now: datetime) -> int:
    """What is over, and what waits for an endpoint that nobody switched on again; a bounded part of it at a time."""
    before = now - timedelta(days=settings.FEED_DAYS)
    over = Q(state__in=(State.DELIVERED, State.FAILED)) | Q(endpoint__is_active=False)
    old = WebhookDelivery.objects.filter(over, created_at__lt=before, lease_until=None)
    removed = 0
    for _ in range(BATCHES):
        chosen = list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
        if not chosen:
            break
        removed += old.filter(pk__in=chosen).delete()[0]
    if removed:
        log.info("webhook deliveries removed", count=removed)
    return removed
