"""The worker's side of the ledger, against the simulator."""

import hashlib
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.providers.events import MediaDescriptor, MediaKind
from media.models import FetchAttempt, MediaFile, StrategyHealth
from media.services import Fetcher, fetch_again, fetch_now, learn_source, new_media_file
from media.services.fetching import claim, lease
from media.services.recording import record
from media.services.schedule import MOST_ATTEMPTS
from tests.media.ledger import fetched, media_row, result_of
from tests.simulator.server import Simulator
from tests.simulator.world import StoredFile
from tests.telling import composer, make_wapi, stored_files

pytestmark = pytest.mark.django_db(transaction=True)

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 50


@pytest.fixture
def line(transactional_db: None) -> WhatsappInstance:
    return make_wapi()


def described(file: StoredFile) -> MediaDescriptor:
    return MediaDescriptor(
        kind=MediaKind(file.facts.kind),
        mimetype=file.facts.mimetype,
        media_key=file.media_key,
        direct_path=file.direct_path,
        sha256=file.sha256,
        enc_sha256=file.enc_sha256,
    )


def wanted(sim: Simulator, line: WhatsappInstance, count: int = 1) -> list[MediaFile]:
    rows = []
    for number in range(count):
        stored = sim.world.bytes_file(
            composer(sim.world, line).line, JPEG + bytes([number]), "image", "image/jpeg"
        )
        now = timezone.now()
        row = new_media_file(instance=line, chat_id="5511", media=described(stored), received_at=now, now=now)
        row.save()
        rows.append(row)
    return rows


def fetch_all() -> int:
    return sum(fetch_now(MediaFile.objects.all(), now=timezone.now))


def test_everything_due_is_fetched_and_counted(
    sim: Simulator, line: WhatsappInstance, media_root: Path
) -> None:
    wanted(sim, line, 7)
    assert fetch_all() == 7
    assert set(MediaFile.objects.values_list("state", flat=True)) == {"ready"}
    assert len(stored_files(media_root)) == 7


def test_only_the_chosen_files_are_fetched(sim: Simulator, line: WhatsappInstance) -> None:
    first, second = wanted(sim, line, 2)
    list(fetch_now(MediaFile.objects.filter(pk=second.pk), now=timezone.now))
    first.refresh_from_db()
    assert first.state == "pending"


def test_an_instance_has_no_more_downloads_at_once_than_it_may(
    sim: Simulator, line: WhatsappInstance, settings: object
) -> None:
    settings.INSTANCE_CONCURRENCY = 2  # type: ignore[attr-defined]
    sim.world.fault("cdn", delay=0.3)
    wanted(sim, line, 5)
    fetcher = Fetcher()
    fetcher.top_up(timezone.now())
    assert (fetcher.under_way, MediaFile.objects.filter(state="fetching").count()) == (2, 2)
    finish(fetcher)


def finish(fetcher: Fetcher) -> None:
    while fetcher.under_way:
        fetcher.collect(timezone.now(), wait=1)
    fetcher.close()


def test_a_result_after_the_lease_was_lost_is_dropped(line: WhatsappInstance) -> None:
    row, loser, winner = media_row(line), uuid.uuid4(), uuid.uuid4()
    (mine,) = claim(1, loser, timezone.now())
    claim(1, winner, timezone.now() + 2 * lease())
    record([result_of(mine, fetched=fetched(), name="somewhere.jpg")], loser, timezone.now())
    row.refresh_from_db()
    assert (row.state, row.file.name, row.lease_token) == ("fetching", "", winner)


def test_a_failure_after_the_lease_was_lost_is_dropped_too(line: WhatsappInstance) -> None:
    row, winner = media_row(line), uuid.uuid4()
    (mine,) = claim(1, uuid.uuid4(), timezone.now())
    claim(1, winner, timezone.now() + 2 * lease())
    record([result_of(mine)], uuid.uuid4(), timezone.now())
    row.refresh_from_db()
    assert (row.state, row.lease_token, row.attempts) == ("fetching", winner, 2)


def test_a_lease_is_renewed_at_a_third_of_its_length(sim: Simulator, line: WhatsappInstance) -> None:
    sim.world.fault("cdn", delay=0.5)
    (row,) = wanted(sim, line)
    fetcher, now = Fetcher(), timezone.now()
    fetcher.top_up(now)
    for passed in (lease() / 6, lease() / 2):
        fetcher.renew(now + passed)
        row.refresh_from_db()
        assert row.lease_until == now + passed + lease()
    fetcher.renew(now + lease() / 2 + lease() / 4)
    row.refresh_from_db()
    assert row.lease_until == now + lease() / 2 + lease()
    finish(fetcher)


def test_only_what_is_in_hand_is_renewed(sim: Simulator, line: WhatsappInstance) -> None:
    sim.world.fault("cdn", delay=0.5)
    fetcher, now = Fetcher(), timezone.now()
    lost = media_row(
        line, state="fetching", lease_token=fetcher.token, lease_until=now + timedelta(seconds=1)
    )
    wanted(sim, line)
    fetcher.top_up(now)
    fetcher.renew(now + lease() / 2)
    lost.refresh_from_db()
    assert lost.lease_until == now + timedelta(seconds=1)
    finish(fetcher)


def test_a_result_that_could_not_be_written_comes_back_with_the_lease(
    sim: Simulator, line: WhatsappInstance
) -> None:
    (row,) = wanted(sim, line)
    fetcher = Fetcher()
    fetcher.top_up(timezone.now())
    with pytest.raises(DatabaseError), connection.execute_wrapper(refuse_attempts):
        finish(fetcher)
    assert fetcher.under_way == 0
    assert len(claim(5, uuid.uuid4(), timezone.now() + 2 * lease())) == 1
    fetcher.close()
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("fetching", 2)


def refuse_attempts(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
    if sql.startswith("INSERT") and "fetchattempt" in sql:
        raise DatabaseError("gone for a moment")
    return execute(sql, params, many, context)


def test_a_file_that_ends_its_workers_is_given_up(sim: Simulator, line: WhatsappInstance) -> None:
    (row,) = wanted(sim, line)
    MediaFile.objects.update(attempts=MOST_ATTEMPTS)
    fetch_all()
    row.refresh_from_db()
    assert (row.state, row.error.startswith("given up")) == ("failed", True)
    assert sim.world.seen("cdn") == []


def test_a_file_that_waits_for_its_only_strategy_costs_nothing(
    sim: Simulator, line: WhatsappInstance
) -> None:
    WhatsappInstance.objects.update(media_strategies="provider")
    opens = timezone.now() + timedelta(minutes=5)
    StrategyHealth.objects.create(instance=line, strategy="provider", closed_until=opens, reason="HTTP 500")
    (row,) = wanted(sim, line)
    fetch_all()
    row.refresh_from_db()
    assert (row.state, row.attempts, FetchAttempt.objects.count()) == ("pending", 0, 0)
    assert opens <= row.next_attempt_at <= opens + timedelta(seconds=10)


def test_every_attempt_is_logged_and_holds_no_secret(sim: Simulator, line: WhatsappInstance) -> None:
    sim.world.fault("cdn", status=503)
    sim.world.fault("download-media", status=500, body='{"error":true,"message":"Bearer wapi-token falhou"}')
    (row,) = wanted(sim, line)
    fetch_all()
    attempts = list(row.fetch_attempts.all())
    assert [(one.strategy, one.http_status) for one in attempts][:2] == [("cdn", 503), ("provider", 500)]
    said = " ".join([row.error, *(one.reason for one in attempts)])
    secrets = (line.token, row.media_key, row.direct_path.partition("?")[2])
    assert [secret for secret in secrets if secret in said] == []


def test_five_files_that_fail_at_the_provider_spare_it_the_sixth(
    sim: Simulator, line: WhatsappInstance
) -> None:
    sim.world.fault("cdn", status=404)
    fault = sim.world.fault("download-media", status=500)
    for row in wanted(sim, line, 6):
        list(fetch_now(MediaFile.objects.filter(pk=row.pk), now=timezone.now))
    assert fault.hits == 5
    assert set(MediaFile.objects.values_list("state", flat=True)) == {"pending"}


def test_a_file_gone_everywhere_is_expired_though_the_alternative_call_is_lacking(
    sim: Simulator, line: WhatsappInstance
) -> None:
    sim.world.fault("cdn", status=404)
    sim.world.fault("file-link", status=404)
    for row in wanted(sim, line, 2):
        list(fetch_now(MediaFile.objects.filter(pk=row.pk), now=timezone.now))
        row.refresh_from_db()
        assert row.state == "expired"


def test_an_odd_strategy_in_the_row_is_a_bug_that_stops_nobody_else(
    sim: Simulator, line: WhatsappInstance
) -> None:
    odd = make_wapi(instance_id="ODD", media_strategies="luck")
    (bad,), (good,) = wanted(sim, odd), wanted(sim, line)
    fetch_all()
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("pending", "ready")
    assert "our own" in bad.error


@pytest.mark.parametrize("state", ["expired", "failed", "unavailable"])
def test_a_new_source_puts_a_lost_file_back(state: str, sim: Simulator, line: WhatsappInstance) -> None:
    row = media_row(line, state=state, attempts=9, error="gone")
    fresh = MediaDescriptor(kind=MediaKind.IMAGE, direct_path="/v/new?oe=7FFFFFFF", media_key=bytes(32))
    assert learn_source(row, fresh, now=timezone.now())
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error, row.direct_path) == ("pending", 0, "", "/v/new?oe=7FFFFFFF")


def test_the_same_source_again_changes_nothing(sim: Simulator, line: WhatsappInstance) -> None:
    (row,) = wanted(sim, line)
    fetch_all()
    row.refresh_from_db()
    stored = next(iter(sim.world.files.values()))
    assert not learn_source(row, described(stored), now=timezone.now())
    lost = media_row(line, state="expired", direct_path="/v/old")
    old = MediaDescriptor(kind=MediaKind.IMAGE, direct_path="/v/old")
    assert not learn_source(lost, old, now=timezone.now())


def test_an_unreadable_secret_holds_up_its_own_line_only(sim: Simulator, line: WhatsappInstance) -> None:
    [fine] = wanted(sim, line)
    broken = make_wapi(instance_id="broken")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_whatsappinstance SET token = 'damaged' WHERE id = %s", [broken.pk])
    held = media_row(broken, state="pending", next_attempt_at=timezone.now())
    fetch_all()
    rows = MediaFile.objects.in_bulk([fine.pk, held.pk])
    assert (rows[fine.pk].state, rows[held.pk].state, rows[held.pk].attempts) == ("ready", "pending", 0)
    assert "FIELD_ENCRYPTION_KEYS" in rows[held.pk].error
    assert "fits no key" in WhatsappInstance.objects.sealed().get(pk=broken.pk).alarm


@pytest.mark.parametrize("content", [b"the very file", b"another file!"], ids=["whole", "changed"])
def test_a_missing_file_that_came_back_is_ready_without_a_download(
    content: bytes, line: WhatsappInstance, media_root: Path
) -> None:
    facts = {"size": 13, "sha256": hashlib.sha256(b"the very file").hexdigest(), "mimetype": "image/jpeg"}
    row = media_row(line, state="missing", file="cliente_1/a.jpg", **facts)
    (media_root / "cliente_1").mkdir(parents=True)
    (media_root / "cliente_1" / "a.jpg").write_bytes(content)
    fetch_again(MediaFile.objects.all(), now=timezone.now())
    fetch_all()
    row.refresh_from_db()
    whole = content == b"the very file"
    assert (row.state, row.strategy) == (("ready", "restored") if whole else ("failed", ""))
    assert FetchAttempt.objects.filter(strategy="restored", outcome="ok").count() == whole
