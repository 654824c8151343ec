"""What a rule says is to go: never anything that is held."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, Sum

from accounts.models import RetentionRule
from media.models import MediaFile
from messaging.models import Message
from messaging.services.holds import held_conversations, is_held


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What would go by one rule."""

    rule: RetentionRule
    rows: int
    files: int
    bytes: int
    oldest: datetime | None


def name_of(rule: RetentionRule) -> str:
    """On receipts, which outlive the rule."""
    return f"{rule.what}, {rule.days} days"


def before(rule: RetentionRule, now: datetime) -> datetime:
    return now - timedelta(days=rule.days)


def files_to_go(rule: RetentionRule, now: datetime) -> Any:
    rows = MediaFile.objects.filter(instance__client=rule.client_id, created_at__lt=before(rule, now))
    if rule.what != RetentionRule.MESSAGES:
        rows = rows.filter(kind=rule.what)
    return rows.exclude(message__conversation__in=held_conversations(rule.client_id))


def messages_to_go(rule: RetentionRule, now: datetime) -> Any:
    rows = Message.objects.filter(
        conversation__instance__client=rule.client_id, sent_at__lt=before(rule, now)
    )
    return rows.exclude(conversation__in=held_conversations(rule.client_id))


def outlook(rule: RetentionRule, *, now: datetime) -> Outlook:
    if is_held(rule.client_id):
        return Outlook(rule=rule, rows=0, files=0, bytes=0, oldest=None)
    ready = Q(state=MediaFile.State.READY)
    if rule.what != RetentionRule.MESSAGES:
        chosen = files_to_go(rule, now).order_by()
        found = chosen.aggregate(rows=Count("pk"), oldest=Min("created_at"))
        return _outlook(rule, found, chosen.filter(ready))
    messages = messages_to_go(rule, now).order_by()
    found = messages.aggregate(rows=Count("pk"), oldest=Min("sent_at"))
    files = MediaFile.objects.filter(ready, message__in=messages.values("pk")).order_by()
    return _outlook(rule, found, files)


def _outlook(rule: RetentionRule, found: dict[str, Any], files: Any) -> Outlook:
    stored = files.aggregate(n=Count("pk"), bytes=Sum("size"))
    return Outlook(rule=rule, **found, files=stored["n"], bytes=stored["bytes"] or 0)
