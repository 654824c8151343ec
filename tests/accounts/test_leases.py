import threading
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from accounts.leases import Claim
from accounts.models import WhatsappInstance
from media.models import MediaFile
from messaging.models import WebhookEvent
from tests.telling import make_client, make_wapi

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=60)
FILES = MediaFile.objects


def wish(limit: int = 10, per_instance: int = 10, **fields: Any) -> Claim:
    return Claim(limit=limit, per_instance=per_instance, lease=LEASE, token=uuid.uuid4(), **fields)


def files(instance: WhatsappInstance, count: int = 1, **fields: object) -> list[MediaFile]:
    facts = {"next_attempt_at": NOW, "expires_at": NOW + timedelta(days=30), **fields}
    return [MediaFile.objects.create(instance=instance, kind="image", **facts) for _ in range(count)]


def test_what_is_due_is_claimed_with_a_lease_and_a_counted_attempt() -> None:
    files(make_wapi())
    claim = wish()
    (row,) = FILES.all().claim(claim, now=NOW)
    assert (row.state, row.lease_token, row.lease_until) == ("fetching", claim.token, NOW + LEASE)
    assert row.attempts == 1


def test_what_is_not_due_yet_is_left() -> None:
    files(make_wapi(), next_attempt_at=NOW + timedelta(seconds=1))
    assert FILES.all().claim(wish(), now=NOW) == []
    assert len(FILES.all().claim(wish(), now=NOW + timedelta(seconds=1))) == 1


def test_what_is_done_is_not_claimed() -> None:
    files(make_wapi(), state="failed")
    assert FILES.all().claim(wish(), now=NOW) == []


def test_work_under_a_living_lease_is_nobody_elses() -> None:
    files(make_wapi())
    FILES.all().claim(wish(), now=NOW)
    assert FILES.all().claim(wish(), now=NOW + LEASE - timedelta(seconds=1)) == []


def test_work_that_is_finished_late_while_it_is_being_claimed_stays_finished() -> None:
    """PostgreSQL lets the late worker write between choosing and claiming."""
    files(make_wapi())
    first = wish()
    FILES.all().claim(first, now=NOW)
    late = [lambda: FILES.held_by(first.token).let_go(state="ready", file="here.jpg")]

    def finish_first(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and late:
            late.pop()()
        return execute(sql, *rest)

    with connection.execute_wrapper(finish_first):
        assert FILES.all().claim(wish(), now=NOW + LEASE) == []
    assert FILES.get().state == "ready"


def test_work_whose_lease_ran_out_is_claimed_again_and_counts_again() -> None:
    files(make_wapi())
    FILES.all().claim(wish(), now=NOW)
    (row,) = FILES.all().claim(wish(), now=NOW + LEASE)
    assert row.attempts == 2


def test_a_renewed_lease_keeps_the_work() -> None:
    files(make_wapi())
    first = wish()
    FILES.all().claim(first, now=NOW)
    assert FILES.all().renew(first.token, NOW + 2 * LEASE) == 1
    assert FILES.all().claim(wish(), now=NOW + LEASE) == []


def test_a_lease_that_was_lost_cannot_be_renewed() -> None:
    files(make_wapi())
    first = wish()
    FILES.all().claim(first, now=NOW)
    FILES.all().claim(wish(), now=NOW + LEASE)
    assert FILES.all().renew(first.token, NOW + 5 * LEASE) == 0


def test_a_write_without_the_token_changes_nothing() -> None:
    (row,) = files(make_wapi())
    first, second = wish(), wish()
    FILES.all().claim(first, now=NOW)
    FILES.all().claim(second, now=NOW + LEASE)
    assert FILES.held_by(first.token).let_go(state="failed", error="too late") == 0
    row.refresh_from_db()
    assert (row.state, row.error, row.lease_token) == ("fetching", "", second.token)


def test_letting_go_frees_the_row() -> None:
    (row,) = files(make_wapi())
    claim = wish()
    FILES.all().claim(claim, now=NOW)
    assert FILES.held_by(claim.token).let_go(state="pending") == 1
    row.refresh_from_db()
    assert (row.lease_token, row.lease_until) == (None, None)


def test_an_instance_gets_no_more_at_a_time_than_its_limit() -> None:
    files(make_wapi(), 5)
    assert len(FILES.all().claim(wish(per_instance=2), now=NOW)) == 2
    assert FILES.all().claim(wish(per_instance=2), now=NOW) == []
    assert len(FILES.all().claim(wish(per_instance=3), now=NOW)) == 1


def test_a_claim_is_shared_out_evenly_over_instances() -> None:
    for number in range(3):
        files(make_wapi(instance_id=f"line-{number}"), 10)
    shares = Counter(row.instance_id for row in FILES.all().claim(wish(limit=9), now=NOW))
    assert sorted(shares.values()) == [3, 3, 3]


def test_what_one_instance_does_not_need_goes_to_the_others() -> None:
    files(make_wapi(instance_id="quiet"), 1)
    files(make_wapi(instance_id="busy"), 20)
    taken = [len(FILES.all().claim(wish(limit=10, per_instance=20), now=NOW)) for _ in range(3)]
    assert sum(taken) == 21


def test_the_nearest_deadline_comes_first() -> None:
    instance = make_wapi()
    files(instance, expires_at=NOW + timedelta(days=9))
    (urgent,) = files(instance, expires_at=NOW + timedelta(days=1))
    (row,) = FILES.all().claim(wish(limit=1), now=NOW)
    assert row.pk == urgent.pk


def test_abandoned_work_comes_before_new_work() -> None:
    instance = make_wapi()
    (old,) = files(instance, expires_at=NOW + timedelta(days=9))
    FILES.all().claim(wish(), now=NOW)
    files(instance, expires_at=NOW + timedelta(days=1))
    (row,) = FILES.all().claim(wish(limit=1), now=NOW + LEASE)
    assert row.pk == old.pk


def test_an_exclusive_claim_waits_until_nobody_has_work_of_the_instance() -> None:
    instance = make_wapi()
    events = [WebhookEvent.objects.create(instance=instance, body=b"{}", next_attempt_at=NOW) for _ in "ab"]
    rows = WebhookEvent.objects.all()
    first = wish(limit=1, exclusive=True)
    assert [row.pk for row in rows.claim(first, now=NOW)] == [events[0].pk]
    assert rows.claim(wish(exclusive=True), now=NOW) == []
    rows.held_by(first.token).let_go(state="processed")
    assert [row.pk for row in rows.claim(wish(exclusive=True), now=NOW)] == [events[1].pk]


def test_an_owner_that_has_enough_leaves_others_to_other_workers() -> None:
    client = make_client()
    for number in range(3):
        line = make_wapi(client, f"LINE-{number}")
        for _ in range(4):
            WebhookEvent.objects.create(instance=line, body=b"{}", next_attempt_at=NOW)
    rows = WebhookEvent.objects.all()
    first = rows.claim(wish(limit=4, exclusive=True, least_share=4), now=NOW)
    second = rows.claim(wish(limit=9, exclusive=True, least_share=4), now=NOW)
    assert len({event.instance_id for event in first}) == 1
    assert len(first) == 4 and len(second) == 8
    assert not {event.instance_id for event in first} & {event.instance_id for event in second}


def test_nothing_is_claimed_for_an_instance_that_is_switched_off() -> None:
    files(make_wapi(is_active=False))
    assert FILES.all().claim(wish(), now=NOW) == []


def test_nothing_is_claimed_for_a_client_that_is_switched_off() -> None:
    files(make_wapi(make_client("Gone", is_active=False)))
    assert FILES.all().claim(wish(), now=NOW) == []


def test_a_claim_can_be_kept_to_chosen_rows() -> None:
    _, wanted = files(make_wapi(), 2)
    rows = FILES.filter(pk=wanted.pk).claim(wish(), now=NOW)
    assert [row.pk for row in rows] == [wanted.pk]


def claim_in_threads(claim_once: "list[Claim]") -> list[list[int]]:
    """Every claim on a connection of its own, all at the same moment, each repeated until it finds nothing."""
    together = threading.Barrier(len(claim_once))
    found: list[list[int]] = [[] for _ in claim_once]

    def run(number: int) -> None:
        try:
            together.wait()
            while rows := FILES.all().claim(claim_once[number], now=NOW):
                found[number] += [row.pk for row in rows]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(claim_once))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_at_once_never_get_the_same_row() -> None:
    for number in range(4):
        files(make_wapi(instance_id=f"line-{number}"), 6)
    found = claim_in_threads([wish(limit=3, per_instance=100) for _ in range(4)])
    claimed = [pk for pks in found for pk in pks]
    assert sorted(claimed) == sorted(FILES.values_list("pk", flat=True))
    assert set(FILES.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_the_limit_of_an_instance_holds_across_workers() -> None:
    files(make_wapi(), 20)
    found = claim_in_threads([wish(limit=5, per_instance=2) for _ in range(4)])
    assert sum(len(pks) for pks in found) == 2


@pytest.mark.django_db(transaction=True)
def test_a_claim_does_not_stop_webhooks_from_being_stored() -> None:
    """The instance's row is locked while a claim runs; a stored event refers to that row."""
    instance = make_wapi()
    files(instance, 50)
    errors: list[BaseException] = []

    def store_many() -> None:
        try:
            for _ in range(20):
                WebhookEvent.objects.create(instance_id=instance.pk, body=b"{}")
        except Exception as exc:  # noqa: BLE001 - handed to the test's own thread
            errors.append(exc)
        finally:
            connections.close_all()

    thread = threading.Thread(target=store_many)
    thread.start()
    claim_in_threads([wish(limit=1, per_instance=100)])
    thread.join(30)
    assert errors == []
    assert WebhookEvent.objects.count() == 20
