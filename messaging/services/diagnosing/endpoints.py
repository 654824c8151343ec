"""Webhooks out, for a diagnosis: endpoints that were switched off, or that nothing reaches for a while."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.diagnosing.findings import Finding, ok, problem, warn
from messaging.models import WebhookEndpoint

# Shorter failures are what the schedule is for.
PATIENCE = timedelta(hours=1)
ENABLE = gettext_lazy(
    "Let its owner look, then press Switch on at the endpoint in the admin; what was missed is delivered then."
)
LOOK = gettext_lazy("The deliveries of the endpoint in the admin say what its answers were.")


def findings(clients: Collection[int] | None, now: datetime) -> Iterator[Finding]:
    """Of these clients, or of all. What a person switched off is no finding."""
    rows = WebhookEndpoint.objects.sealed().filter(client__is_active=True).select_related("client")
    chosen = rows if clients is None else rows.filter(client__in=clients)
    working = 0
    for endpoint in chosen.order_by("pk"):
        told = {"number": endpoint.pk, "client": endpoint.client}
        about = _("webhook endpoint %(number)d of %(client)s") % told
        if not endpoint.is_active and endpoint.disabled_reason:
            text = _("Switched off. %(reason)s") % {"reason": _(endpoint.disabled_reason)}
            yield problem(about, text, str(ENABLE))
        elif endpoint.is_active and endpoint.failing_since and now - endpoint.failing_since > PATIENCE:
            since = f"{endpoint.failing_since:%Y-%m-%d %H:%M} UTC"
            text = _("Nothing could be delivered since %(since)s.") % {"since": since}
            yield warn(about, text, str(LOOK))
        else:
            working += endpoint.is_active
    if working:
        yield ok(_("webhook endpoints"), _("in order: %(count)d") % {"count": working})
