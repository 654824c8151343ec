"""What goes out, for a diagnosis: sends that need a person, sends that failed, and lines that rest."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, Min, Q
from django.utils.translation import gettext as _

from accounts.diagnosing.bounding import first_of_each
from accounts.diagnosing.findings import Finding, problem, warn
from accounts.diagnosing.instances import label
from accounts.models import WhatsappInstance
from messaging.models import OutboxItem, SendingLine

NEWEST = 5000
DAY = timedelta(days=1)
State = OutboxItem.State


def facts(instances: Collection[int], now: datetime) -> dict[int, dict[str, Any]]:
    """``failed`` of the newest sends and the last day; ``unknown`` are those whose time of grace is over."""
    nothing = {"failed": 0, "unknown": 0, "waiting": 0, "oldest": None}
    found: dict[int, dict[str, Any]] = {
        pk: {**nothing, "of_newest": NEWEST, "resting": None} for pk in instances
    }
    for newest in first_of_each(OutboxItem.objects.all(), instances, by="-id", most=NEWEST):
        for row in newest.values("instance").annotate(**_counts(now)):
            found[row.pop("instance")] |= row
    for line in SendingLine.objects.filter(instance__in=instances, next_at__gt=now).exclude(reason=""):
        found[line.instance_id]["resting"] = {"until": line.next_at, "reason": line.reason}
    return found


def _counts(now: datetime) -> dict[str, Aggregate]:
    return {
        "failed": Count("pk", filter=Q(state=State.FAILED, settled_at__gte=now - DAY)),
        "unknown": Count("pk", filter=Q(state=State.UNKNOWN, next_attempt_at__lte=now)),
        "waiting": Count("pk", filter=Q(state=State.PENDING)),
        "oldest": Min("created_at", filter=Q(state=State.PENDING)),
    }


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
