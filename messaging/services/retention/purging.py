"""Doing what rules say, in bounded batches: each is a transaction that says on the receipt what it took."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Coalesce, Greatest

from accounts import audit, feed
from accounts.audit import Action
from accounts.feed import Topic
from accounts.models import Change, Client, RetentionRule, User
from media.services import holding
from media.services.discarding import discard
from messaging.models import Conversation, LegalHold, Message, PurgeReceipt, WebhookEvent
from messaging.services import receipts
from messaging.services.holds import held_conversations, is_held, take_turns
from messaging.services.receipts import Cause
from messaging.services.removing import Gone, remove_messages, rows_of, tell_updated
from messaging.services.retention.rules import before, files_to_go, messages_to_go, name_of

log = structlog.get_logger(__name__)

BATCH = 300
THREADS = 200
BODIES = 1_000


def purge(
    rule: RetentionRule, *, by: User | None, now: Callable[[], datetime], limit: int | None = None
) -> Iterator[int]:
    """Until nothing is left or ``limit`` rows went; yields how many each batch took. What is cut short has its receipt
    finished by the next one."""
    receipt, left = _opened(rule, by, now()), limit
    while receipt is not None and (left is None or left > 0):
        taken = purge_some(receipt.pk, rule, now=now(), room=left)
        if taken is None:
            break
        left = None if left is None else left - taken
        yield taken


def _opened(rule: RetentionRule, by: User | None, now: datetime) -> PurgeReceipt | None:
    """None when nothing is to go: no receipt is written of nothing."""
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=rule.client_id)
        facts = {"client": rule.client_id, "rule": name_of(rule)}
        known: PurgeReceipt | None = receipts.unfinished(Cause.RETENTION, **facts).first()
        if known is not None or is_held(rule.client_id) or not _has_work(rule, now):
            return known
        made = PurgeReceipt.objects.create(
            cause=Cause.RETENTION, client_id=rule.client_id, rule=name_of(rule), by=by, started_at=now
        )
        audit.note(Action.DATA_PURGED, made, by=by, at=now, rule=name_of(rule))
        return made


def _has_work(rule: RetentionRule, now: datetime) -> bool:
    rows = messages_to_go if rule.what == RetentionRule.MESSAGES else files_to_go
    return bool(rows(rule, now).order_by().exists())


def purge_some(pk: int, rule: RetentionRule, *, now: datetime, room: int | None = None) -> int | None:
    """One batch, and how many messages or files it took; None when the purge is finished."""
    with feed.collecting():
        receipt = receipts.locked(pk)
        if receipt is None:
            return None
        take_turns(rule.client_id)
        if is_held(rule.client_id):
            gone, done = Gone(), True
        else:
            size = BATCH if room is None else min(BATCH, room)
            step = _take_messages if rule.what == RetentionRule.MESSAGES else _take_files
            gone, done = step(receipt, rule, now, size)
        receipts.add(receipt, gone.counts, size=gone.bytes, lines=gone.lines)
        if done:
            receipts.finish(receipt, now=now)
            log.info("purged", client=rule.client_id, rule=name_of(rule), receipt=pk)
    return None if done else gone.counts["messages"] or gone.counts["media"]


def _take_files(receipt: PurgeReceipt, rule: RetentionRule, now: datetime, size: int) -> tuple[Gone, bool]:
    """The message stays and says when its file went."""
    chosen = list(files_to_go(rule, now).order_by("pk").values_list("pk", "sha256")[:size])
    if not chosen:
        return Gone(), True
    holding.lock({rule.client_id})
    pks = [pk for pk, _ in chosen]
    messages = list(Message.objects.filter(media__in=pks).values_list("pk", flat=True))
    removed = {"media": None, "removal": Message.Removal.FILE, "removed_at": now}
    Message.objects.filter(pk__in=messages).update(**removed)
    tell_updated(rows_of(messages), now)
    freed = discard(pks, now=now)
    counts = Counter(media=len(pks), files=freed.files)
    return Gone(counts, freed.bytes, [f"media {pk} {sha256}".rstrip() for pk, sha256 in chosen]), False


def _take_messages(receipt: PurgeReceipt, rule: RetentionRule, now: datetime, size: int) -> tuple[Gone, bool]:
    """Conversation by conversation, the oldest first, so that what is left of each is whole."""
    after = receipt.cursor.get("after", 0)
    if after is None:
        return _take_bodies(rule, now)
    rows = Conversation.objects.filter(instance__client=rule.client_id, pk__gt=after).order_by("pk")
    threads = list(
        rows.exclude(pk__in=held_conversations(rule.client_id)).values_list("pk", flat=True)[:THREADS]
    )
    old = Message.objects.filter(conversation__in=threads, sent_at__lt=before(rule, now))
    pks = list(old.order_by("conversation", "sent_at", "id").values_list("pk", flat=True)[:size])
    if len(pks) < size:
        receipt.cursor = {"after": threads[-1] if threads else None}
    gone = _remove(rule, pks, now)
    return gone, False


def _remove(rule: RetentionRule, pks: list[int], now: datetime) -> Gone:
    if not pks:
        return Gone()
    chosen = Message.objects.filter(pk__in=pks).order_by()
    newest = dict(chosen.values_list("conversation").annotate(newest=Max("sent_at")))
    late = chosen.filter(received_at__gte=before(rule, now)).values_list(
        "conversation__instance", "received_at"
    )
    bodies = list(late)
    gone, _ = remove_messages(pks, now=now)
    gone.counts["webhooks"] += _remove_bodies_of(bodies)
    for conversation, moment in newest.items():
        until = Greatest(Coalesce("purged_until", moment), moment)
        Conversation.objects.filter(pk=conversation).update(purged_until=until)
    Conversation.objects.filter(pk__in=newest, messages=None).update(unread_count=0)
    feed.tell(
        _change(row, now) for row in Conversation.objects.filter(pk__in=newest).select_related("instance")
    )
    return gone


def _change(row: Conversation, now: datetime) -> Change:
    facts = {"client_id": row.instance.client_id, "instance_id": row.instance_id, "occurred_at": now}
    return Change(topic=Topic.CONVERSATION, action=feed.Action.UPDATED, object_id=row.pk, **facts)


def _remove_bodies_of(received: list[tuple[int, datetime]]) -> int:
    """Of old messages that came late: a message has the time of its webhook."""
    removed = 0
    for instance in {instance for instance, _ in received}:
        times = [at for line, at in received if line == instance]
        rows = WebhookEvent.objects.filter(instance=instance, received_at__in=times)
        rows = rows.exclude(instance__in=LegalHold.objects.held_instances())
        removed += _deleted(rows.exclude(state=WebhookEvent.State.PENDING))
    return removed


def _take_bodies(rule: RetentionRule, now: datetime) -> tuple[Gone, bool]:
    """Raw webhooks of that age, whatever they told; those of lines that a hold names stay."""
    held = LegalHold.objects.held_instances()
    rows = WebhookEvent.objects.filter(instance__client=rule.client_id, received_at__lt=before(rule, now))
    rows = rows.exclude(state=WebhookEvent.State.PENDING).exclude(instance__in=held).order_by("pk")
    count = _deleted(WebhookEvent.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:BODIES])))
    return Gone(Counter(webhooks=count)), count < BODIES


def _deleted(rows: object) -> int:
    removed = rows.delete()[1]  # type: ignore[attr-defined]
    return int(removed.get(WebhookEvent._meta.label, 0))
