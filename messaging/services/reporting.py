"""Figures of what lies in the database and on disk, for /metrics. Whoever asks often gets what was read just now.

No statement reads more than MOST rows, and each goes along an index, so that a million messages cost no more than a
thousand.
"""

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError, connection
from django.db.models import Min, OuterRef, Subquery, Sum
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from accounts.counting import counts_up_to
from accounts.models import Client, WhatsappInstance
from accounts.questions import Question
from media.models import Leftover, MediaFile, Rendition, StorageUse, StrategyHealth
from media.storage import storage
from messaging.models import OutboxItem, SendingLine, WebhookDelivery, WebhookEndpoint, WebhookEvent
from messaging.models.gaps import Gap
from messaging.services.spooling import spool

log = structlog.get_logger(__name__)

# Counts end here, and say one more.
MOST = 10_000
MOST_LINES = 5_000
KEEP_SECONDS, PATIENCE = 10.0, 5.0

QUEUES: dict[str, type[Any]] = {
    "events": WebhookEvent,
    "media": MediaFile,
    "sends": OutboxItem,
    "renditions": Rendition,
}


def figures() -> list[Metric]:
    found = _question.answer()
    up = GaugeMetricFamily("multichat_database_up", "Whether the database answered in time.")
    up.add_metric([], 1 if found else 0)
    return [up, *found, *_disks(), *_spooled()]


def forget() -> None:
    _question.forget()


def read(now: datetime) -> list[Metric]:
    return [*_queues(now), *_media(), *_lines(now), *_stored(), *_quotas(), *_leftovers(now)]


def _read_apart() -> list[Metric]:
    """By a connection of its thread's own."""
    try:
        return read(timezone.now())
    except DatabaseError as exc:
        log.warning("figures not read", error=type(exc).__name__)
        return []
    finally:
        connection.close()


_question: Question[list[Metric]] = Question(_read_apart, late=[], keep=KEEP_SECONDS, patience=PATIENCE)


def _gauge(name: str, text: str, labels: Iterable[str], values: Iterable[tuple[Any, ...]]) -> Metric:
    """Each of ``values`` is the labels' values and then the figure."""
    family = GaugeMetricFamily(f"multichat_{name}", text, labels=list(labels))
    for *words, number in values:
        family.add_metric([str(word) for word in words], float(number))
    return family


def _queues(now: datetime) -> Iterator[Metric]:
    asleep = list(WhatsappInstance.objects.exclude(pk__in=_live()).values_list("pk", flat=True)[:MOST])
    waiting = {
        name: model.objects.filter(state=model.waiting_state, lease_until=None).exclude(instance__in=asleep)
        for name, model in QUEUES.items()
    }
    endpoints = list(WebhookEndpoint.objects.reachable().order_by().values_list("pk", flat=True)[:MOST])
    waits = {"state": WebhookDelivery.State.PENDING, "lease_until": None}
    deliveries = WebhookDelivery.objects.filter(endpoint__in=endpoints, **waits)
    depths = counts_up_to(MOST, [*waiting.values(), deliveries])
    yield _gauge(
        "queue_depth",
        f"What waits, counted up to {MOST}.",
        ["queue"],
        zip([*QUEUES, "deliveries"], depths, strict=True),
    )
    due = {name: _first_due(rows) for name, rows in waiting.items()} | {"deliveries": _first_delivery()}
    yield _gauge(
        "queue_due_seconds",
        "For how long what has been due for longest waits.",
        ["queue"],
        ((name, max(0.0, (now - at).total_seconds()) if at else 0) for name, at in due.items()),
    )
    leased = [model.objects.filter(lease_until__isnull=False) for model in QUEUES.values()]
    under_way = zip(QUEUES, counts_up_to(MOST, leased), strict=True)
    yield _gauge("queue_under_way", "What workers have in hand.", ["queue"], under_way)


def _live() -> Any:
    return WhatsappInstance.objects.reachable().order_by().values("pk")


def _first_due(rows: Any) -> datetime | None:
    first: datetime | None = (
        rows.order_by("next_attempt_at").values_list("next_attempt_at", flat=True).first()
    )
    return first


def _first_delivery() -> datetime | None:
    """By endpoint, as they have their index; one that rests is not called however much waits for it."""
    mine = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), state="pending", lease_until=None)
    first = mine.order_by("next_attempt_at").values("next_attempt_at")[:1]
    awake = WebhookEndpoint.objects.awake(timezone.now()).order_by().annotate(due=Subquery(first))
    found: datetime | None = awake.aggregate(first=Min("due"))["first"]
    return found


def _media() -> Iterator[Metric]:
    """What is ready is counted where it is stored."""
    states = [state for state in MediaFile.State if state != MediaFile.State.READY]
    causes = list(MediaFile.Cause)
    parts = [MediaFile.objects.filter(state=state) for state in states]
    parts += [MediaFile.objects.filter(cause=cause) for cause in causes]
    failed = {
        "events": WebhookEvent.objects.filter(state=WebhookEvent.State.FAILED),
        "media": MediaFile.objects.filter(state=MediaFile.State.FAILED),
        "sends": OutboxItem.objects.filter(state=OutboxItem.State.FAILED),
        "sends_in_doubt": OutboxItem.objects.filter(state=OutboxItem.State.UNKNOWN),
        "renditions": Rendition.objects.filter(state=Rendition.State.FAILED),
    }
    counts = iter(counts_up_to(MOST, [*parts, *failed.values()]))
    by_state = [(state.value, next(counts)) for state in states]
    yield _gauge("media_files", f"Files that are not stored, counted up to {MOST}.", ["state"], by_state)
    by_cause = [(cause.value, next(counts)) for cause in causes]
    yield _gauge("media_missing", f"Why files are not stored, counted up to {MOST}.", ["cause"], by_cause)
    told = [(name, next(counts)) for name in failed]
    yield _gauge("failed", f"What failed for good or needs a word, counted up to {MOST}.", ["queue"], told)


def _lines(now: datetime) -> Iterator[Metric]:
    columns = ("pk", "provider", "status", "alarm", "last_event_at")
    rows = list(WhatsappInstance.objects.reachable().order_by("pk").values_list(*columns)[:MOST_LINES])
    connected = ((pk, provider, status == "connected") for pk, provider, status, _, _ in rows)
    yield _gauge("line_connected", "Whether a line is connected.", ["instance", "provider"], connected)
    alarms = ((pk, bool(alarm)) for pk, _, _, alarm, _ in rows)
    yield _gauge("line_alarm", "Whether a line needs a person.", ["instance"], alarms)
    heard = ((pk, at.timestamp()) for pk, *_, at in rows if at)
    yield _gauge(
        "line_last_event_timestamp_seconds", "When a line last brought an event.", ["instance"], heard
    )
    closed = StrategyHealth.objects.filter(closed_until__gt=now, is_lacking=False).order_by("pk")[:MOST_LINES]
    open_circuits = [(row.instance_id, row.strategy, 1) for row in closed]
    yield _gauge(
        "circuit_open", "Ways to files that are left out for now.", ["instance", "strategy"], open_circuits
    )
    resting = SendingLine.objects.filter(next_at__gt=now).exclude(reason="").order_by("pk")[:MOST_LINES]
    paused = [(row.pk, 1) for row in resting]
    yield _gauge("sending_paused", "Lines whose sending rests for trouble.", ["instance"], paused)
    gaps = Gap.objects.filter(ended_at=None).values_list("instance", "why")[:MOST_LINES]
    yield _gauge(
        "line_gap",
        "Lines that bring nothing although they should.",
        ["instance", "why"],
        ((*gap, 1) for gap in gaps),
    )
    failing = WebhookEndpoint.objects.filter(failing_since__isnull=False, is_active=True).count()
    yield _gauge("endpoints_failing", "Clients' webhooks that do not answer.", [], [(failing,)])


def _stored() -> Iterator[Metric]:
    used = StorageUse.objects.aggregate(files=Sum("files"), bytes=Sum("bytes"))
    yield _gauge("stored_files", "Verified originals in the storage.", [], [(used["files"] or 0,)])
    yield _gauge("stored_bytes", "Bytes of verified originals in the storage.", [], [(used["bytes"] or 0,)])


def _quotas() -> Iterator[Metric]:
    limited = Client.objects.filter(quota_bytes__isnull=False).order_by("pk")
    rows = list(limited.values_list("pk", "quota_bytes", "storage_use__bytes")[:MOST_LINES])
    quotas = ((pk, quota) for pk, quota, _ in rows)
    yield _gauge("client_quota_bytes", "What a client may store, where that is limited.", ["client"], quotas)
    used = ((pk, stored or 0) for pk, _, stored in rows)
    yield _gauge("client_stored_bytes", "What a client with a quota has stored.", ["client"], used)


def _leftovers(now: datetime) -> Iterator[Metric]:
    [waiting] = counts_up_to(MOST, [Leftover.objects.all()])
    since = Leftover.objects.order_by("id").values_list("noted_at", flat=True).first()
    age = max(0.0, (now - since).total_seconds()) if since else 0
    yield _gauge("leftover_files", f"Removed files yet to be deleted, up to {MOST}.", [], [(waiting,)])
    yield _gauge("leftover_oldest_seconds", "For how long the first of them waits.", [], [(age,)])


def _disks() -> Iterator[Metric]:
    places = {"var": str(settings.VAR_DIR)}
    if isinstance(storage(), FileSystemStorage):
        places["media"] = storage().path("")
    found: dict[str, Any] = {}
    for name, place in places.items():
        try:
            found[name] = shutil.disk_usage(_there(Path(place)))
        except OSError as exc:
            log.warning("disk not read", place=name, error=exc.strerror)
    yield _gauge(
        "disk_free_bytes",
        "Free room on a disk.",
        ["place"],
        ((name, one.free) for name, one in found.items()),
    )
    yield _gauge(
        "disk_bytes", "Size of a disk.", ["place"], ((name, one.total) for name, one in found.items())
    )


def _there(place: Path) -> Path:
    """The folder itself, or the one in which it will be made."""
    return next(folder for folder in (place, *place.parents) if folder.exists())


def _spooled() -> Iterator[Metric]:
    held = spool().held()
    age = (timezone.now() - held.oldest).total_seconds() if held.oldest else 0
    yield _gauge("spool_files", "Webhooks on disk that the database did not take yet.", [], [(held.files,)])
    yield _gauge("spool_bytes", "Their size.", [], [(held.bytes,)])
    yield _gauge("spool_oldest_seconds", "The age of the oldest.", [], [(age,)])
    yield _gauge("spool_unreadable", "Files in the spool that wait for a person.", [], [(held.unreadable,)])
