"""What became of webhook events, in figures and in one line of the log that joins them to what they brought."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from accounts import metrics
from accounts.models import WhatsappInstance
from messaging.models import Message, WebhookEvent

log = structlog.get_logger(__name__)


class Ended(Protocol):
    @property
    def state(self) -> WebhookEvent.State: ...


def account(
    ended: Mapping[WebhookEvent, Ended], new: Iterable[Message], home: WhatsappInstance, *, now: datetime
) -> None:
    """Once it is committed."""
    for event, outcome in ended.items():
        count(event, outcome.state, now=now)
    messages = list(new)
    log.info(
        "webhook events processed",
        instance=home.pk,
        webhook_events=[event.pk for event in ended],
        messages=[message.pk for message in messages],
        media_files=[message.media_id for message in messages if message.media_id],
    )


def count(event: WebhookEvent, state: WebhookEvent.State, *, now: datetime) -> None:
    metrics.webhook_events.labels(state.value).inc()
    # What was put back by somebody says nothing of how quick we are.
    if event.attempts <= 1 and event.processed_at is None:
        metrics.webhook_lag_seconds.observe(max(0.0, (now - event.received_at).total_seconds()))
