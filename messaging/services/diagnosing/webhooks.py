"""What came in, for a diagnosis: webhook events of the last day, refusals, failures, and whether a worker lives."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.diagnosing.bounding import first_of_each
from accounts.diagnosing.findings import Finding, ok, problem, warn
from accounts.diagnosing.instances import label
from accounts.models import WhatsappInstance
from accounts.providers.reasons import one_line
from media.models import FetchAttempt, MediaFile
from messaging.models import OutboxItem, RefusedWebhook, WebhookEvent

NEWEST = 5000
LAST_FAILED = 5
DAY = timedelta(days=1)
# A worker looks for work every second; what is due for longer than this, nobody looks after.
PATIENCE, LONG_QUEUE = timedelta(minutes=2), timedelta(minutes=15)
START = gettext_lazy("Start one: `manage.py worker` (`make run` starts web and worker).")
MORE = gettext_lazy("See its log; on PostgreSQL, `manage.py worker --processes 4` does more at once.")

State = WebhookEvent.State
REFUSALS = {
    "not authentic": gettext_lazy(
        "W-API: the body names another instance, so check which address is set where. "
        "Cloud API: enter the Meta app's present app secret in the admin."
    ),
    "no handshake": gettext_lazy(
        "Somebody opened a W-API address in a browser; that is harmless, but the address is a secret."
    ),
    "wrong verify token": gettext_lazy(
        "Enter the same verify token in Meta's app dashboard and in the admin."
    ),
    "too large": gettext_lazy("If such bodies are wanted, raise WEBHOOK_MAX_BYTES in .env and restart."),
    "unknown key": gettext_lazy(
        "Somebody still sends to an old address: press Set webhooks at the provider in the admin."
    ),
    "no key": gettext_lazy(
        "Somebody sends to the address without a key: press Set webhooks at the provider in the admin."
    ),
    "unknown instance": gettext_lazy(
        "Add the instance (`manage.py create_instance`), or stop the sender at the provider."
    ),
}
NOT_A_PROVIDER = gettext_lazy("Something that is no provider posts there; look at the web server's log.")


def facts(instances: Collection[int], now: datetime) -> dict[int, dict[str, Any]]:
    """Of the newest events of each line, those that came within a day."""
    found: dict[int, dict[str, Any]] = {
        pk: {"last_day": {state.value: 0 for state in State}, "of_newest": NEWEST} for pk in instances
    }
    for newest in first_of_each(WebhookEvent.objects.all(), instances, by="-id", most=NEWEST):
        recent = newest.filter(received_at__gte=now - DAY).values_list("instance", "state")
        for pk, state, count in recent.annotate(count=Count("pk")):
            found[pk]["last_day"][state] = count
    return found


def findings(instance: WhatsappInstance, told: dict[str, Any]) -> Iterator[Finding]:
    failed = told["last_day"][State.FAILED]
    if failed:
        text = _("Webhook events of the last day that could not be processed: %(count)d.")
        again = f"`manage.py replay_webhooks --instance {instance.instance_id} --state failed --now`"
        advice = _(
            "Their errors stand under failed webhook events and in the admin; after an update, run %(command)s."
        )
        yield problem(label(instance), text % {"count": failed}, advice % {"command": again})


def failed_events(instances: Collection[int] | None) -> list[dict[str, Any]]:
    """The newest failures; of a traceback only its last line, for the others may hold what people wrote."""
    failed = WebhookEvent.objects.filter(state=State.FAILED)
    chosen = failed if instances is None else failed.filter(instance__in=instances)
    rows = chosen.only("id", "instance_id", "received_at", "error").order_by("-id")[:LAST_FAILED]
    return [
        {
            "webhook_event": row.pk,
            "instance": row.instance_id,
            "received_at": row.received_at,
            "error": _last_line(row.error),
        }
        for row in rows
    ]


def _last_line(error: str) -> str:
    kind, colon, said = (error.strip().splitlines() or [""])[-1].partition(": ")
    return one_line(f"{kind.rpartition('.')[2]}{colon}{said}" if colon else kind)


def refusals(instances: Collection[int] | None, now: datetime) -> list[dict[str, Any]]:
    today = RefusedWebhook.objects.filter(day=now.date())
    chosen = today if instances is None else today.filter(Q(instance__in=instances) | Q(instance=None))
    return [dict(row) for row in chosen.order_by("-count").values("instance", "reason", "count")]


def refusal_findings(rows: list[dict[str, Any]], labels: dict[int, str]) -> Iterator[Finding]:
    for row in rows:
        about = labels.get(row["instance"], _("webhooks of no known instance"))
        text = _("Requests turned away today, %(reason)s: %(count)d.")
        told = {"reason": _(row["reason"]), "count": row["count"]}
        yield warn(about, text % told, str(REFUSALS.get(row["reason"], NOT_A_PROVIDER)))


def worker_facts(now: datetime) -> dict[str, Any]:
    """The newest sign of life, and the oldest work that is due and not in anybody's hands."""
    queues = {
        "webhook_events": WebhookEvent.objects.all(),
        "media_files": MediaFile.objects.all(),
        "outbox": OutboxItem.objects.all(),
    }
    works = Q(instance__is_active=True, instance__client__is_active=True)
    oldest = {
        name: rows.filter(works).due(now).aggregate(oldest=Min("next_attempt_at"))["oldest"]
        for name, rows in queues.items()
    }
    return {
        "last_sign_of_life": max(filter(None, _signs()), default=None),
        "at_work_now": any(rows.under_way(now).exists() for rows in queues.values()),
        "oldest_due": oldest,
    }


def _signs() -> Iterator[datetime | None]:
    for state in (State.PROCESSED, State.IGNORED, State.FAILED):
        newest = WebhookEvent.objects.filter(state=state).order_by("-id").only("processed_at").first()
        yield newest.processed_at if newest else None
    attempt = FetchAttempt.objects.order_by("-started_at").only("started_at").first()
    yield attempt.started_at if attempt else None
    sent = OutboxItem.objects.filter(state=OutboxItem.State.SENT).order_by("-id").only("settled_at").first()
    yield sent.settled_at if sent else None


def worker_findings(told: dict[str, Any], now: datetime) -> Iterator[Finding]:
    waited = max((now - due for due in told["oldest_due"].values() if due), default=timedelta())
    seen = told["last_sign_of_life"]
    alive = told["at_work_now"] or (seen is not None and now - seen < PATIENCE)
    told_last = {
        "seen": f"{seen:%Y-%m-%d %H:%M} UTC" if seen else "",
        "minutes": f"{waited.total_seconds() / 60:.0f}",
    }
    if waited > PATIENCE and not alive:
        text = (
            _("No worker runs: work is due for %(minutes)s minutes, and the last sign of one is of %(seen)s.")
            if seen
            else _("No worker runs: work is due for %(minutes)s minutes, and none has worked here yet.")
        )
        yield problem("worker", text % told_last, str(START))
    elif waited > LONG_QUEUE:
        text = _("The worker falls behind: work is due for %(minutes)s minutes.")
        yield warn("worker", text % told_last, str(MORE))
    else:
        yield ok("worker", _("at work") if alive else _idle(seen) % told_last)


def _idle(seen: datetime | None) -> str:
    if seen:
        return _("nothing waits, so that one runs cannot be told; the last sign of one is of %(seen)s")
    return _("nothing waits, so that one runs cannot be told; none has worked here yet")
