"""Gaps of a line, where its conversations show them: before the first message that was written after one began, or at
the end while they go on.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.models import Conversation, Gap, Message

MOST = 50
# Shorter ones nobody missed.
SHORTEST = timedelta(minutes=2)


def gaps_before(conversation: Conversation, messages: Sequence[Message]) -> dict[int, list[str]]:
    """Sentences by the message that they stand before, in one query."""
    if not messages:
        return {}
    newest = max(message.sent_at for message in messages)
    thread = Message.objects.filter(conversation=conversation)
    after = thread.filter(sent_at__gt=OuterRef("started_at")).order_by("sent_at", "id").values("pk")
    rows = Gap.objects.filter(
        instance=conversation.instance_id, started_at__lt=newest, ended_at__isnull=False
    )
    rows = rows.filter(Exists(thread.filter(sent_at__lte=OuterRef("started_at"))))
    found: dict[int, list[str]] = {message.pk: [] for message in messages}
    for gap in rows.annotate(before=Subquery(after[:1])).order_by("-started_at")[:MOST]:
        if gap.before in found and gap.ended_at - gap.started_at >= SHORTEST:
            found[gap.before].insert(0, sentence(gap))
    return found


def sentence(gap: Gap) -> str:
    if gap.why == Gap.Why.SPOOLED:
        text = ngettext(
            "Between %(start)s and %(end)s our database was away; %(count)d message was taken in later.",
            "Between %(start)s and %(end)s our database was away; %(count)d messages were taken in later.",
            gap.taken_in,
        )
    elif gap.taken_in:
        text = ngettext(
            "Nothing came in from this line between %(start)s and %(end)s; %(count)d message was taken in later.",
            "Nothing came in from this line between %(start)s and %(end)s; %(count)d messages were taken in later.",
            gap.taken_in,
        )
    else:
        text = _("Nothing came in from this line between %(start)s and %(end)s.")
    return text % {"count": gap.taken_in, **_times(gap)}


def open_gaps(instance: int, now: datetime) -> list[str]:
    """A sentence for each that goes on, whatever was said in the conversation: an answer to it may be missing."""
    rows = Gap.objects.filter(instance=instance, ended_at=None).order_by("started_at")
    return [_open_sentence(gap, now) for gap in rows]


def _open_sentence(gap: Gap, now: datetime) -> str:
    start, today = timezone.localtime(gap.started_at), timezone.localdate(now)
    since = _clock(start) if start.date() == today else _moment(start)
    return {
        Gap.Why.SILENT: _(
            "Since %(start)s nothing has come in from this line: that is longer than is usual for it."
        ),
        Gap.Why.DISCONNECTED: _("Since %(start)s nothing has come in from this line: it is not connected."),
        Gap.Why.ASTRAY: _(
            "Since %(start)s nothing has come in from this line: its webhooks are sent somewhere else."
        ),
    }.get(Gap.Why(gap.why), _("Since %(start)s nothing has come in from this line.")) % {"start": since}


def _times(gap: Any) -> dict[str, str]:
    start, end = timezone.localtime(gap.started_at), timezone.localtime(gap.ended_at)
    return {"start": _moment(start), "end": _clock(end) if start.date() == end.date() else _moment(end)}


def _moment(at: datetime) -> str:
    return date_format(at, "SHORT_DATETIME_FORMAT")


def _clock(at: datetime) -> str:
    return date_format(at, "TIME_FORMAT")
