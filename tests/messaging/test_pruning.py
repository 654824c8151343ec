"""Old logs go in batches, and only those: what waits, failed, is held or belongs to a lost file stays."""

import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEntry
from media.models import FetchAttempt
from messaging.models import LegalHold, OutboxItem, StatusChange, TakenIn, WaitingChange, WebhookEvent
from messaging.services import pruning
from messaging.services.pruning import SORTS, Pruning, batches, everything
from tests.tenants import Rows, acme, make_media_file, make_message, make_ready, rival

__all__ = ["acme", "rival"]
pytestmark = pytest.mark.django_db

NOW = timezone.now()
OLD, FRESH = NOW - timedelta(days=91), NOW - timedelta(days=89)
EVENTS = SORTS[0]


def event(rows: Rows, state: str = "processed", at: Any = OLD, **facts: Any) -> WebhookEvent:
    return WebhookEvent.objects.create(
        instance=rows.instance, body=b"{}", state=state, received_at=at, **facts
    )


def prune() -> int:
    return sum(everything(NOW))


@pytest.mark.parametrize("state", ["processed", "ignored"])
def test_old_events_that_were_read_go(state: str, acme: Rows) -> None:
    old, fresh = event(acme, state), event(acme, state, FRESH)
    prune()
    assert not WebhookEvent.objects.filter(pk=old.pk).exists()
    assert WebhookEvent.objects.filter(pk=fresh.pk).exists()


@pytest.mark.parametrize("state", ["failed", "pending"])
def test_what_failed_or_waits_stays_four_times_as_long(state: str, acme: Rows) -> None:
    stays, goes = event(acme, state), event(acme, state, NOW - timedelta(days=361))
    prune()
    assert WebhookEvent.objects.filter(pk=stays.pk).exists()
    assert not WebhookEvent.objects.filter(pk=goes.pk).exists()


def test_an_event_in_a_workers_hands_stays(acme: Rows) -> None:
    kept = event(acme, "processed", lease_until=NOW)
    prune()
    assert WebhookEvent.objects.filter(pk=kept.pk).exists()


def test_what_hangs_on_an_event_goes_with_it(acme: Rows) -> None:
    old = event(acme)
    TakenIn.objects.create(event=old, name="one")
    WaitingChange.objects.create(instance=acme.instance, provider_message_id="M", event=old)
    prune()
    assert (TakenIn.objects.count(), WaitingChange.objects.count()) == (0, 0)


def test_for_ever_is_zero(acme: Rows, settings: Settings) -> None:
    settings.WEBHOOK_EVENT_DAYS = 0
    kept = event(acme, at=NOW - timedelta(days=5000))
    prune()
    assert WebhookEvent.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize("of_conversation", [True, False])
def test_a_legal_hold_keeps_its_lines_records(of_conversation: bool, acme: Rows, rival: Rows) -> None:
    held, free = event(acme), event(rival)
    conversation = acme.conversation if of_conversation else None
    LegalHold.objects.create(client=acme.client, conversation=conversation, reason="court")
    entries = [AuditEntry.objects.create(at=NOW - timedelta(days=999), client=rows.client, action="x", via="web")
               for rows in (acme, rival)]  # fmt: skip
    prune()
    assert set(WebhookEvent.objects.filter(pk__in=[held.pk, free.pk])) == {held}
    kept = set(AuditEntry.objects.filter(pk__in=[entry.pk for entry in entries]))
    assert kept == (set() if of_conversation else {entries[0]})


def test_tries_go_only_where_the_file_is_there(acme: Rows) -> None:
    ready, lost = make_ready(acme.instance), make_media_file(acme.instance, "failed")
    for media_file in (ready, lost):
        FetchAttempt.objects.create(media_file=media_file, strategy="cdn", started_at=OLD, outcome="ok")
    prune()
    assert not ready.fetch_attempts.exists()
    assert lost.fetch_attempts.exists()


def test_old_ticks_and_finished_sends_go(acme: Rows) -> None:
    message = make_message(acme.conversation, direction="outbound")
    facts = {"instance": acme.instance, "conversation": acme.conversation, "message": message}
    for state in ("sent", "cancelled", "failed", "unknown"):
        OutboxItem.objects.create(**facts, action="message", state=state, created_at=OLD)
    ticks = {"instance": acme.instance, "provider_message_id": "S", "occurred_at": OLD}
    StatusChange.objects.create(**ticks, status="read", received_at=NOW - timedelta(days=181))
    StatusChange.objects.create(**ticks, status="sent", received_at=OLD)
    prune()
    assert set(OutboxItem.objects.values_list("state", flat=True)) == {"failed", "unknown"}
    assert StatusChange.objects.get().status == "sent"


def test_sessions_that_ran_out_go(acme: Rows) -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=NOW - timedelta(seconds=1))
    Session.objects.create(session_key="new", session_data="", expire_date=NOW + timedelta(days=1))
    prune()
    assert Session.objects.get().session_key == "new"


def test_what_is_dropped_is_bounded(acme: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 10)
    WebhookEvent.objects.all().delete()
    for _ in range(25):
        event(acme)
    assert list(batches(EVENTS, NOW)) == [10, 10, 5]


def test_it_stops_where_the_young_begin(acme: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 5)
    for number in range(30):
        event(acme, at=OLD if number < 5 else FRESH)
    WebhookEvent.objects.filter(state="failed").delete()
    assert list(batches(EVENTS, NOW)) == [5]


def test_old_ones_behind_many_that_stay_are_found(acme: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 5)
    for number in range(30):
        event(acme, "processed" if number == 29 else "failed")
    assert sum(batches(EVENTS, NOW)) == 1


def test_a_dry_run_drops_nothing(acme: Rows) -> None:
    event(acme)
    out = io.StringIO()
    call_command("prune", "--dry-run", stdout=out)
    assert "1 webhook events\n" in out.getvalue()
    assert "0 failed logins\n" in out.getvalue()
    assert WebhookEvent.objects.filter(state="processed").count() == 1


def test_the_command_drops_and_counts(acme: Rows) -> None:
    event(acme)
    out = io.StringIO()
    call_command("prune", stdout=out)
    assert out.getvalue() == "Rows dropped: 1.\n"


def test_a_worker_prunes_once_an_hour_and_no_two_at_a_time(
    acme: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PAUSE_SECONDS", 0)
    event(acme)
    first, second = Pruning(), Pruning()
    assert (first.turn(NOW), second.turn(NOW)) == (1, 0)
    while first._round:
        first.turn(NOW)
    event(acme)
    assert first.turn(NOW + timedelta(minutes=30)) == 0
    assert second.turn(NOW + timedelta(minutes=61)) == 1


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.name)
def test_every_table_is_walked_along_its_key(sort: Any, acme: Rows) -> None:
    """Of tables with a few rows PostgreSQL would rather read all: told not to, it sorts only where no index helps."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    plan = pruning._page(sort, 17).explain().upper()
    assert "SORT" not in plan
    assert "TEMP B-TREE" not in plan
    assert "_PKEY" in plan or "PRIMARY KEY" in plan


@pytest.fixture
def many(acme: Rows) -> Iterator[Rows]:
    rows = [
        WebhookEvent(instance=acme.instance, body=b"{}", state="processed", received_at=OLD)
        for _ in range(3000)
    ]
    WebhookEvent.objects.bulk_create(rows)
    yield acme


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_webhooks_come_in_while_a_batch_is_being_dropped(many: Rows) -> None:
    """In the middle of the transaction that drops them, neither an insert nor a claim waits."""
    came: list[int] = []

    def come_in() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        event(many, "pending", NOW)
        came.append(WebhookEvent.objects.filter(state="pending").update(attempts=1))
        connections.close_all()

    with transaction.atomic():
        assert pruning._drop(EVENTS, list(WebhookEvent.objects.values_list("pk", flat=True)[:1000])) > 900
        thread = threading.Thread(target=come_in)
        thread.start()
        thread.join(60)
        assert came == [1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_a_row_that_somebody_holds_is_left_and_nobody_waits_for_it(many: Rows) -> None:
    held = WebhookEvent.objects.filter(state="processed").order_by("pk")[0]
    dropped: list[int] = []

    def drop() -> None:
        dropped.append(sum(batches(EVENTS, NOW)))
        connections.close_all()

    with transaction.atomic():
        WebhookEvent.objects.select_for_update().get(pk=held.pk)
        thread = threading.Thread(target=drop)
        thread.start()
        thread.join(60)
        assert dropped == [2999]
    assert WebhookEvent.objects.get(state="processed") == held
