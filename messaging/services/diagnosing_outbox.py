"""What goes out, for a diagnosis: sends that need a person, sends that failed, and lines that rest."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils.translation import gettext as _

from accounts.diagnosing.findings import Finding, problem, warn
from accounts.diagnosing.instances import label
from accounts.models import WhatsappInstance
from messaging.models import OutboxItem, SendingLine

NEWEST = 5000
DAY = timedelta(days=1)
State = OutboxItem.State


def facts(instance: WhatsappInstance, now: datetime) -> dict[str, Any]:
    """``failed`` of the newest sends and the last day; ``unknown`` are those whose time of grace is over."""
    newest = OutboxItem.objects.filter(instance=instance).order_by("-id")
    failed = Q(state=State.FAILED, settled_at__gte=now - DAY)
    counts = newest.values("pk", "state", "settled_at", "created_at", "next_attempt_at")[:NEWEST].aggregate(
        failed=Count("pk", filter=failed),
        unknown=Count("pk", filter=Q(state=State.UNKNOWN, next_attempt_at__lte=now)),
        waiting=Count("pk", filter=Q(state=State.PENDING)),
        oldest=Min("created_at", filter=Q(state=State.PENDING)),
    )
    return {**counts, "of_newest": NEWEST, "resting": _resting(instance, now)}


def _resting(instance: WhatsappInstance, now: datetime) -> dict[str, Any] | None:
    row = SendingLine.objects.filter(instance=instance, next_at__gt=now).exclude(reason="").first()
    return {"until": row.next_at, "reason": row.reason} if row else None


def findings(instance: WhatsappInstance, told: dict[str, Any]) -> Iterator[Finding]:
    about, resting = label(instance), told["resting"]
    if told["unknown"]:
        text = _("Messages of which nobody knows whether they were sent: %(count)d.") % {
            "count": told["unknown"]
        }
        advice = _(
            "Look at the chat on the phone; then say in the admin, under outbox items that are unknown, "
            "whether it was sent, or send it again."
        )
        yield problem(about, text, advice)
    if told["failed"]:
        text = _("Sends of the last day that failed: %(count)d.") % {"count": told["failed"]}
        advice = _("The admin's outbox items that failed tell why; once the cause is gone, press Send again.")
        yield warn(about, text, advice)
    if resting:
        rest = {"until": f"{resting['until']:%Y-%m-%d %H:%M} UTC", "reason": _(resting["reason"])}
        text = _("Sending rests until %(until)s: %(reason)s") % rest
        yield warn(about, text, _waits(told["waiting"]))


def _waits(count: int) -> str:
    if not count:
        return _("It goes on by itself, at once when the line is connected again. Nothing waits for it.")
    text = _(
        "It goes on by itself, at once when the line is connected again. Messages that wait for it: %(count)d."
    )
    return text % {"count": count}
