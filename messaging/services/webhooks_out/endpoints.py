"""What managers do with endpoints and deliveries."""

import uuid
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from accounts import audit
from accounts.audit import Action
from accounts.models import Client
from messaging.models import WebhookDelivery, WebhookEndpoint, new_signing_secret
from messaging.services import feeding
from messaging.services.waking import wake_workers
from messaging.services.webhooks_out.fanning import body_of

log = structlog.get_logger(__name__)
State = WebhookDelivery.State

MOST_AT_ONCE = 1000
PING = "ping"
SKIPPED = "skipped: the endpoint was switched on again from that moment on"


class SwitchedOff(Exception):
    """Nothing is delivered to an endpoint that is switched off."""


@transaction.atomic
def create(*, client: Client, url: str, name: str = "", events: list[str] | None = None) -> WebhookEndpoint:
    """It is told what happens from now on."""
    made = WebhookEndpoint.objects.create(
        client=client, url=url, name=name, events=events or [], cursor=feeding.newest()
    )
    audit.note(Action.ENDPOINT_CREATED, made)
    log.info("webhook endpoint created", endpoint=made.pk, client=client.pk)
    return made


@transaction.atomic
def change(endpoint: WebhookEndpoint, facts: dict[str, Any], *, now: datetime) -> WebhookEndpoint:
    """``is_active`` switches; another address starts with a clean record."""
    facts = dict(facts)
    switch = facts.pop("is_active", None)
    row = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    if "url" in facts:
        row.exclude(url=facts["url"]).update(failing_since=None, rests_until=None)
    if facts:
        row.update(**facts)
        audit.note(Action.ENDPOINT_CHANGED, endpoint, at=now, fields=", ".join(sorted(facts)))
    if switch is True and not endpoint.is_active:
        enable(endpoint, now=now)
    elif switch is False:
        disable(endpoint)
    endpoint.refresh_from_db(fields=_SHOWN)
    return endpoint


_SHOWN = [field.attname for field in WebhookEndpoint._meta.concrete_fields if field.attname != "secret"]


def enable(endpoint: WebhookEndpoint, *, now: datetime, from_now: bool = False) -> None:
    """Carries on where it stopped, as far back as the feed is kept; or lets go of what was missed."""
    fresh: dict[str, Any] = {
        "is_active": True,
        "disabled_reason": "",
        "failing_since": None,
        "rests_until": None,
    }
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint, state=State.PENDING, lease_until=None)
    with transaction.atomic():
        if from_now:
            fresh["cursor"] = feeding.newest()
            waiting.update(state=State.FAILED, error=SKIPPED)
        else:
            waiting.update(attempts=0, next_attempt_at=now)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**fresh)
        audit.note(Action.ENDPOINT_CHANGED, endpoint, at=now, fields="is_active", is_active=1)
    endpoint.refresh_from_db(fields=_SHOWN)
    log.info("webhook endpoint switched on", endpoint=endpoint.pk, from_now=from_now)
    wake_workers()


@transaction.atomic
def disable(endpoint: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_active=False)
    audit.note(Action.ENDPOINT_CHANGED, endpoint, fields="is_active", is_active=0)
    endpoint.refresh_from_db(fields=_SHOWN)
    log.info("webhook endpoint switched off by a person", endpoint=endpoint.pk)


@transaction.atomic
def remove(endpoint: WebhookEndpoint) -> None:
    audit.note(Action.ENDPOINT_DELETED, endpoint)
    endpoint.delete()


@transaction.atomic
def rotate_secret(endpoint: WebhookEndpoint) -> str:
    """What is sent from now on is signed with the new one."""
    secret = new_signing_secret()
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(secret=secret, rests_until=None)
    audit.note(Action.ENDPOINT_SECRET_ROTATED, endpoint)
    log.info("webhook secret rotated", endpoint=endpoint.pk)
    return secret


def ping(endpoint: WebhookEndpoint, *, now: datetime) -> WebhookDelivery:
    """A test that goes out whatever events were chosen."""
    _must_be_on(endpoint)
    event_id = uuid.uuid4()
    body = body_of(event_id, PING, now, {"endpoint": endpoint.pk, "name": endpoint.name})
    made = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event_id=event_id,
        event_type=PING,
        body=body,
        created_at=now,
        next_attempt_at=now,
    )
    audit.note(Action.ENDPOINT_TESTED, endpoint, at=now)
    _disturb([endpoint.pk])
    return made


def deliver_again(rows: Any, *, now: datetime) -> int:
    """Once more from the start of the schedule, due at once, with the same event ids; how many, MOST_AT_ONCE at most.

    What is under way, or belongs to an endpoint that is switched off, is left alone.
    """
    there = WebhookDelivery.objects.filter(pk__in=rows.order_by().values("pk"), lease_until=None)
    able = there.filter(endpoint__is_active=True).order_by("pk")
    chosen = list(able.values_list("pk", "endpoint")[:MOST_AT_ONCE])
    again = WebhookDelivery.objects.filter(pk__in=[pk for pk, _ in chosen], lease_until=None)
    count = again.update(
        state=State.PENDING, attempts=0, next_attempt_at=now, error="", http_status=None, delivered_at=None
    )
    if count and audit.asker():
        asked = WebhookEndpoint.objects.sealed().filter(pk__in={endpoint for _, endpoint in chosen})
        audit.note_many(Action.DELIVERY_REPEATED, asked, at=now, deliveries=count)
    _disturb({endpoint for _, endpoint in chosen})
    log.info("webhook deliveries put back", count=count)
    return count


def replay_one(delivery: WebhookDelivery, *, now: datetime) -> WebhookDelivery:
    _must_be_on(delivery.endpoint)
    deliver_again(WebhookDelivery.objects.filter(pk=delivery.pk), now=now)
    delivery.refresh_from_db()
    return delivery


def replay(endpoint: WebhookEndpoint, *, since: datetime, state: str, now: datetime) -> tuple[int, bool]:
    """The oldest first, at most MOST_AT_ONCE; whether there are more of them."""
    _must_be_on(endpoint)
    rows = WebhookDelivery.objects.filter(endpoint=endpoint, state=state, created_at__gte=since)
    return deliver_again(rows, now=now), rows.exists()


def _must_be_on(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_active:
        raise SwitchedOff(endpoint.pk)


def _disturb(endpoints: Any) -> None:
    """A person asked, so nobody rests."""
    WebhookEndpoint.objects.filter(pk__in=endpoints).exclude(rests_until=None).update(rests_until=None)
    wake_workers()
