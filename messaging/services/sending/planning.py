"""From claimed items to errands: what must not go now is put back, and what goes is noted as asked for first."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from accounts import feed
from accounts.fields import CannotDecrypt
from accounts.leases import Claim, lease
from accounts.models import WhatsappInstance
from accounts.providers.base import Provider
from accounts.providers.events import MessageStatus
from accounts.services import provider_for, raise_alarm
from messaging.models import Message, OutboxItem
from messaging.services.sending import pacing
from messaging.services.sending.errands import Errand
from messaging.services.sending.judging import LINE_DOWN_REST, Verdict, most_attempts
from messaging.services.sending.recording import grace, write_verdict
from messaging.services.telling import tell_message

State, Action = OutboxItem.State, OutboxItem.Action
WAPI, CLOUD = WhatsappInstance.Provider.WAPI, WhatsappInstance.Provider.CLOUD


def claim(limit: int, each: int, provider: str, token: uuid.UUID, now: datetime) -> list[OutboxItem]:
    """``each`` is the most of one line. W-API has one message under way at a time; Meta counts per chat."""
    most = 1 if provider == WAPI else min(each, settings.INSTANCE_CONCURRENCY)
    wish = Claim(limit=limit, per_instance=most, lease=lease(), token=token)
    rows: QuerySet[OutboxItem] = OutboxItem.objects.filter(instance__provider=provider)
    claimed: list[OutboxItem] = rows.claim(wish, now=now)  # type: ignore[attr-defined]
    return claimed


def plan(claimed: list[OutboxItem], token: uuid.UUID, now: datetime) -> list[Errand]:
    prefetch_related_objects(
        claimed, Prefetch("message", Message.objects.select_related("conversation", "media"))
    )
    for item in claimed:
        # The instance is the claim's own: without secrets, and read once.
        item.conversation = item.message.conversation
        item.conversation.instance = item.instance
    free = [item for item in claimed if not _put_back(item, token, now)]
    providers = _providers({item.instance_id: item.instance for item in free}, now)
    for item in free:
        if item.instance_id not in providers:
            write_verdict(item, Verdict(state=State.PENDING, error=UNREADABLE, counts=False), token, now)
    going = [item for item in free if item.instance_id in providers]
    held = _note_asked(going, token, now)
    return [Errand(item, providers[item.instance_id]) for item in going if item.pk in held]


UNREADABLE = "the instance's secrets fit no key of FIELD_ENCRYPTION_KEYS"
KILLED = "the worker ended while it sent this"


def _put_back(item: OutboxItem, token: uuid.UUID, now: datetime) -> bool:
    verdict = _objection(item, now)
    if verdict is None:
        return False
    with feed.collecting():
        write_verdict(item, verdict, token, now)
    return True


def _objection(item: OutboxItem, now: datetime) -> Verdict | None:
    if item.asked_at and item.action == Action.MESSAGE:
        over = item.asked_at + grace() - now
        doubt = OutboxItem.Doubt.KILLED
        return Verdict(state=State.UNKNOWN, error=KILLED, doubt=doubt, again=max(over, timedelta()))
    if item.attempts > most_attempts(item):
        return Verdict(state=State.FAILED, error="given up: workers ended while sending it")
    free_at = pacing.burst_over(item, now)
    if free_at:
        reason = "so many messages at once to one person are refused"
        return Verdict(state=State.PENDING, error=reason, again=free_at - now, counts=False)
    return None


def _providers(instances: dict[int, WhatsappInstance], now: datetime) -> dict[int, Provider]:
    found = {}
    for pk, instance in instances.items():
        try:
            # One question for all of its items; a claim leaves the secrets out.
            instance.refresh_from_db(fields=WhatsappInstance.SECRET_FIELDS)
            found[pk] = provider_for(instance)
        except CannotDecrypt as exc:
            raise_alarm(instance, str(exc), now=now)
            pacing.rest(instance, LINE_DOWN_REST, UNREADABLE, now)
    return found


@feed.collecting()
def _note_asked(going: Sequence[OutboxItem], token: uuid.UUID, now: datetime) -> set[int]:
    """Before any thread gets them: whoever finds one after a crash then knows that it may have left.

    Returns those that are still ours: what a worker that slept over its lease claimed, another sends by now.
    """
    held = {item.pk for item in going}
    mine = OutboxItem.objects.held_by(token).filter(pk__in=held)
    if mine.update(asked_at=now) < len(held):
        held = set(mine.values_list("pk", flat=True))
    queued = [
        item.message
        for item in going
        if item.pk in held and item.action == Action.MESSAGE and item.message.status == MessageStatus.QUEUED
    ]
    rows = Message.objects.filter(pk__in=[one.pk for one in queued], status=MessageStatus.QUEUED)
    rows.update(status=MessageStatus.SENDING)
    for message in queued:
        tell_message(message, now)
    return held
