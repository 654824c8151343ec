"""How fast each line may send, and when it has to rest."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from accounts.models import WhatsappInstance
from accounts.services import note_connection
from messaging.abilities import abilities_of
from messaging.models import OutboxItem, SendingLine

Provider = WhatsappInstance.Provider


def failures_of(instance: WhatsappInstance, now: datetime) -> int:
    """How often the line failed before; what was asked together fails together, and counts once."""
    found = SendingLine.objects.filter(instance=instance)
    known = found.values_list("failures", flat=True).first() or 0
    return max(known - 1, 0) if _resting(found, now).exists() else known


def rest(instance: WhatsappInstance, pause: timedelta, reason: str, now: datetime) -> None:
    SendingLine.objects.get_or_create(instance=instance)
    rows = SendingLine.objects.filter(instance=instance)
    until, reason = now + pause, reason[:300] or "resting"
    if not _resting(rows, now).update(next_at=Greatest("next_at", until), reason=reason):
        rows.update(next_at=until, failures=F("failures") + 1, reason=reason)


def _resting(rows: QuerySet[SendingLine], now: datetime) -> QuerySet[SendingLine]:
    return rows.filter(~Q(reason=""), next_at__gt=now)


def went_well(instance: WhatsappInstance, now: datetime) -> None:
    """Whatever was wrong with the line is over."""
    troubled = SendingLine.objects.filter(~Q(reason=""), instance=instance)
    if troubled.update(next_at=None, failures=0, reason=""):
        note_connection(instance, connected=True, at=now)


def resume(instance: WhatsappInstance) -> None:
    """Somebody put right what was wrong."""
    SendingLine.objects.filter(~Q(reason=""), instance=instance).update(next_at=None, failures=0, reason="")


def pace(item: OutboxItem, now: datetime) -> None:
    """W-API does not tell how fast is too fast: the number is banned. A receipt is no message."""
    seconds = settings.WAPI_SEND_SECONDS
    if not seconds or item.instance.provider != Provider.WAPI or item.action == OutboxItem.Action.READ:
        return
    pause = {"next_at": now + timedelta(seconds=seconds)}
    SendingLine.objects.update_or_create(instance=item.instance, defaults=pause)


def burst_over(item: OutboxItem, now: datetime) -> datetime | None:
    """When this chat may have its next message; None for now."""
    abilities = abilities_of(item.instance)
    if not abilities.burst or item.action != OutboxItem.Action.MESSAGE:
        return None
    sent = OutboxItem.objects.filter(
        conversation=item.conversation_id, action=OutboxItem.Action.MESSAGE, state=OutboxItem.State.SENT
    )
    first = sent.order_by("-id").values_list("settled_at", flat=True)[abilities.burst - 1 : abilities.burst]
    over = [moment + abilities.burst_period for moment in first if moment]
    return over[0] if over and over[0] > now else None
