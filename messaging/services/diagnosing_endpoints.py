"""Webhooks out, for a diagnosis: endpoints that were switched off, or that nothing reaches for a while."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from accounts.diagnosing.findings import Finding, ok, problem, warn
from messaging.models import WebhookEndpoint

# Shorter failures are what the schedule is for.
PATIENCE = timedelta(hours=1)
ENABLE = "Let its owner look, then press Switch on at the endpoint in the admin; what was missed is delivered then."
LOOK = "The deliveries of the endpoint in the admin say what its answers were."


def findings(clients: Collection[int] | None, now: datetime) -> Iterator[Finding]:
    """Of these clients, or of all. What a person switched off is no finding."""
    rows = WebhookEndpoint.objects.sealed().filter(client__is_active=True).select_related("client")
    chosen = rows if clients is None else rows.filter(client__in=clients)
    working = 0
    for endpoint in chosen.order_by("pk"):
        about = f"webhook endpoint {endpoint.pk} of {endpoint.client}"
        if not endpoint.is_active and endpoint.disabled_reason:
            yield problem(about, f"Switched off. {endpoint.disabled_reason}", ENABLE)
        elif endpoint.is_active and endpoint.failing_since and now - endpoint.failing_since > PATIENCE:
            since = f"{endpoint.failing_since:%Y-%m-%d %H:%M} UTC"
            yield warn(about, f"Nothing could be delivered since {since}.", LOOK)
        else:
            working += endpoint.is_active
    if working:
        yield ok("webhook endpoints", f"in order: {working}")
