"""What a delivery came to, written down: its next state, and what was learned of its endpoint."""

import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from accounts import metrics
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.services.webhooks_out.schedule import (
    LONGEST_REST,
    MOST_ATTEMPTS,
    is_lost,
    next_try,
    rest_until,
)

log = structlog.get_logger(__name__)
chance = random.Random()
State = WebhookDelivery.State

GONE = 410
UNREADABLE = "the endpoint's secret fits no key of FIELD_ENCRYPTION_KEYS: rotate it"
HEALTH = ("is_active", "disabled_reason", "failing_since", "rests_until", "last_success_at")


@dataclass(slots=True)
class Outcome:
    """Without an error it was taken. ``retry_after`` is in seconds, as the receiver asked; ``bug`` is a traceback."""

    delivery: WebhookDelivery
    status: int | None = None
    error: str = ""
    retry_after: float = 0
    duration: float = 0
    bug: str = ""


def record(outcomes: Sequence[Outcome], token: uuid.UUID, now: datetime) -> None:
    """Endpoints are locked before deliveries, in the order of their ids, as a claim does."""
    ids = {outcome.delivery.endpoint_id for outcome in outcomes}
    with transaction.atomic():
        rows = WebhookEndpoint.objects.sealed().filter(pk__in=ids).order_by("pk")
        endpoints = {row.pk: row for row in rows.select_for_update(no_key=True)}
        kept = [outcome for outcome in outcomes if _settle(outcome, token, now)]
        for outcome in kept:
            _learn(endpoints[outcome.delivery.endpoint_id], outcome, now)
        for pk in {outcome.delivery.endpoint_id for outcome in kept}:
            endpoints[pk].save(update_fields=HEALTH)


def _settle(outcome: Outcome, token: uuid.UUID, now: datetime) -> bool:
    delivery = outcome.delivery
    facts: dict[str, Any] = {"http_status": outcome.status, "duration": outcome.duration}
    if not outcome.error:
        facts |= {"state": State.DELIVERED, "error": "", "delivered_at": now}
    else:
        facts |= _put_off(outcome, now)
    kept = bool(_held(delivery, token).let_go(**facts))
    metrics.deliveries.labels(facts["state"].value).inc()
    log.info(
        "webhook answered" if kept else "lease lost, outcome dropped",
        endpoint=delivery.endpoint_id,
        delivery=delivery.pk,
        state=facts["state"].value,
        status=outcome.status,
        duration=round(outcome.duration, 3),
        attempt=delivery.attempts,
    )
    if outcome.bug:
        log.error("delivery failed with a bug", delivery=delivery.pk, traceback=outcome.bug)
    return kept


def _put_off(outcome: Outcome, now: datetime) -> dict[str, Any]:
    error = outcome.error[:300]
    attempts, wish = outcome.delivery.attempts, outcome.retry_after
    again = next_try(attempts, now=now, chance=chance.uniform, retry_after=wish)
    if again is None or outcome.status == GONE:
        return {"state": State.FAILED, "error": error}
    return {"state": State.PENDING, "error": error, "next_attempt_at": again}


def _learn(endpoint: WebhookEndpoint, outcome: Outcome, now: datetime) -> None:
    if not outcome.error:
        endpoint.failing_since = endpoint.rests_until = None
        endpoint.last_success_at = now
        return
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.rests_until = rest_until(endpoint.failing_since, now=now)
    if outcome.status == GONE:
        _switch_off(endpoint, "The receiver answered 410: it does not want this any more.")
    elif is_lost(endpoint.failing_since, now=now):
        since = f"{endpoint.failing_since:%Y-%m-%d %H:%M} UTC"
        _switch_off(endpoint, f"Nothing could be delivered since {since}. The last reason: {outcome.error}")


def _switch_off(endpoint: WebhookEndpoint, reason: str) -> None:
    if endpoint.is_active:
        endpoint.is_active, endpoint.disabled_reason = False, reason[:300]
        failing = str(endpoint.failing_since)
        log.warning("webhook endpoint switched off", endpoint=endpoint.pk, failing_since=failing)


def give_up_on_killers(claimed: Iterable[WebhookDelivery], token: uuid.UUID) -> list[WebhookDelivery]:
    """Settle deliveries that were claimed so often only because their workers ended; returns the rest."""
    waiting = []
    for delivery in claimed:
        if delivery.attempts <= MOST_ATTEMPTS:
            waiting.append(delivery)
            continue
        error = "given up: workers ended while delivering it"
        _held(delivery, token).let_go(state=State.FAILED, error=error)
        log.error(error, endpoint=delivery.endpoint_id, delivery=delivery.pk)
    return waiting


def hold_back_unreadable(deliveries: Sequence[WebhookDelivery], token: uuid.UUID, now: datetime) -> None:
    """Nothing is sent unsigned; that is no delivery's fault and costs it no attempt."""
    again = now + LONGEST_REST
    for delivery in deliveries:
        facts = {"error": UNREADABLE, "next_attempt_at": again, "attempts": F("attempts") - 1}
        _held(delivery, token).let_go(state=State.PENDING, **facts)
    endpoints = {delivery.endpoint_id for delivery in deliveries}
    if endpoints:
        WebhookEndpoint.objects.filter(pk__in=endpoints).update(rests_until=again)
        log.error("secrets of webhook endpoints cannot be read", endpoints=sorted(endpoints))


def _held(delivery: WebhookDelivery, token: uuid.UUID) -> Any:
    return WebhookDelivery.objects.held_by(token).filter(pk=delivery.pk)
