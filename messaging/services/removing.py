"""How messages go: with everything that hangs on them, their files and what the feed and searches know of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from accounts import feed
from accounts.feed import Action, Topic
from accounts.models import Change
from media.services import holding
from media.services.discarding import discard
from messaging.models import Message, StatusChange, WaitingChange

KNOWN = (
    *("pk", "provider_message_id", "media_id", "conversation_id"),
    *("conversation__instance_id", "conversation__instance__client_id", "media__sha256"),
)


@dataclass(slots=True)
class Gone:
    """What went in one batch. ``lines`` are for the receipt's digest."""

    counts: "Counter[str]" = field(default_factory=Counter)
    bytes: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, other: "Gone") -> None:
        self.counts += other.counts
        self.bytes += other.bytes
        self.lines += other.lines


@dataclass(frozen=True, slots=True)
class Row:
    pk: int
    provider_id: str | None
    media: int | None
    conversation: int
    instance: int
    client: int
    sha256: str | None

    @property
    def line(self) -> str:
        return f"message {self.pk}"


def rows_of(pks: Sequence[int]) -> list[Row]:
    return [Row(*facts) for facts in Message.objects.filter(pk__in=pks).order_by("pk").values_list(*KNOWN)]


def remove_messages(pks: Sequence[int], *, now: datetime) -> tuple[Gone, list[Row]]:
    """Inside ``feed.collecting``."""
    rows = rows_of(pks)
    if not rows:
        return Gone(), []
    holding.lock({row.client for row in rows})
    _forget_late_words(rows)
    Message.objects.filter(pk__in=[row.pk for row in rows]).delete()
    feed.tell(_change(row, Action.DELETED, now) for row in rows)
    gone = Gone(Counter(messages=len(rows)), lines=[row.line for row in rows])
    gone.add(discard_files(rows, now=now))
    return gone, rows


def discard_files(rows: Sequence[Row], *, now: datetime) -> Gone:
    """Of messages that name them no more."""
    media = {row.media: row.sha256 or "" for row in rows if row.media}
    if not media:
        return Gone()
    freed = discard(list(media), now=now)
    lines = [f"media {pk} {sha256}".rstrip() for pk, sha256 in sorted(media.items())]
    return Gone(Counter(media=len(media), files=freed.files), freed.bytes, lines)


def tell_updated(rows: Sequence[Row], now: datetime) -> None:
    feed.tell(_change(row, Action.UPDATED, now) for row in rows)


def _change(row: Row, action: Change.Action, now: datetime) -> Change:
    facts = {"client_id": row.client, "instance_id": row.instance, "occurred_at": now}
    return Change(topic=Topic.MESSAGE, action=action, object_id=row.pk, **facts)


def _forget_late_words(rows: Sequence[Row]) -> None:
    """What waits for a message by its id would wait for ever."""
    for instance in {row.instance for row in rows}:
        ids = [row.provider_id for row in rows if row.instance == instance and row.provider_id]
        StatusChange.objects.filter(instance=instance, provider_message_id__in=ids).delete()
        WaitingChange.objects.filter(instance=instance, provider_message_id__in=ids).delete()
