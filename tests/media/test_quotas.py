"""A client's quota refuses what we bring, and lets what others send wait; nothing is lost in silence."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Client
from media.models import Leftover, MediaFile, StorageUse
from media.services import fetch_now, quotas, tidy
from media.services.auditing import strays
from media.services.discarding import discard
from media.services.uploads import NotStorable, copy_of
from tests.media.test_fetching import JPEG
from tests.media.test_sharing import used, wanted
from tests.media.test_uploads import nothing_is_left, stored, upload
from tests.simulator.server import Simulator
from tests.telling import make_wapi, stored_files
from tests.tenants import PICTURE, Rows, acme  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


def limit(client: Client, quota: int | None) -> None:
    Client.objects.filter(pk=client.pk).update(quota_bytes=quota)


def fetch(now: Any = None) -> None:
    list(fetch_now(MediaFile.objects.all(), now=lambda: now or timezone.now()))


def test_an_upload_that_does_not_fit_is_refused_and_leaves_nothing(acme: Rows) -> None:
    limit(acme.client, len(PICTURE) - 1)
    with pytest.raises(NotStorable) as refused:
        upload(acme.instance)
    assert (refused.value.code, nothing_is_left()) == ("quota_exceeded", True)


def test_what_the_client_has_already_takes_no_room(acme: Rows) -> None:
    limit(acme.client, len(PICTURE))
    first = upload(acme.instance)
    assert stored(upload(acme.instance)) == PICTURE
    assert copy_of(first, instance=acme.instance, chat_id="c", now=NOW).is_ready


def test_a_file_that_comes_beyond_the_quota_waits_and_costs_no_attempt(sim: Simulator) -> None:
    line = make_wapi()
    limit(line.client, 10)
    (row,) = wanted(sim, line, 1)
    MediaFile.objects.update(declared_size=len(JPEG))
    fetch()
    row.refresh_from_db()
    assert (row.state, row.cause, row.attempts) == ("pending", "quota", 0)
    assert f"until {row.expires_at:%Y-%m-%d %H:%M} UTC" in row.error
    limit(line.client, None)
    tidy(timezone.now())
    fetch()
    row.refresh_from_db()
    assert (row.state, row.cause) == ("ready", "")


def test_a_file_that_turns_out_larger_than_the_room_waits_without_its_bytes(
    sim: Simulator, media_root: Any
) -> None:
    line = make_wapi()
    limit(line.client, len(JPEG) - 1)
    rows = wanted(sim, line, 2)
    fetch()
    assert {(row.state, row.cause, row.attempts) for row in MediaFile.objects.all()} == {
        ("pending", "quota", 0)
    }
    assert {row.declared_size for row in MediaFile.objects.all()} == {len(JPEG)}
    assert (stored_files(media_root), Leftover.objects.count()) == ([], 0)
    line.client.quota_bytes = len(JPEG)
    line.client.save()
    fetch()
    # As soon as the first is here, the second, which is the same, may be fetched at its next turn.
    assert MediaFile.objects.filter(state="ready").count() >= 1
    assert StorageUse.objects.get(pk=line.client_id).bytes == len(JPEG)
    assert len(rows) == 2


def test_room_that_is_made_is_used_at_once(sim: Simulator) -> None:
    line = make_wapi()
    kept = upload(line)
    limit(line.client, len(JPEG))
    (row,) = wanted(sim, line, 1)
    MediaFile.objects.filter(pk=row.pk).update(declared_size=len(JPEG))
    fetch()
    row.refresh_from_db()
    assert row.next_attempt_at > timezone.now()
    discard([kept], now=timezone.now())
    fetch()
    row.refresh_from_db()
    assert row.state == "ready"


def test_what_waits_until_its_source_is_over_is_expired_for_want_of_room(sim: Simulator) -> None:
    line = make_wapi()
    limit(line.client, 0)
    (row,) = wanted(sim, line, 1)
    fetch(row.expires_at + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.state, row.cause) == ("expired", "quota")


def test_a_long_line_waits_together(acme: Rows) -> None:
    limit(acme.client, 0)
    facts = {"instance": acme.instance, "kind": "image", "state": "pending"}
    MediaFile.objects.bulk_create(MediaFile(**facts) for _ in range(50))
    now = timezone.now()
    assert quotas.postpone(acme.client.pk, now) >= 50
    assert not MediaFile.objects.due(now).filter(instance=acme.instance).exists()


def test_the_filling_tells_who_waits_and_until_when(acme: Rows) -> None:
    limit(acme.client, len(PICTURE))
    upload(acme.instance)
    soon = NOW + timedelta(days=1)
    facts = {"instance": acme.instance, "kind": "image", "state": "pending", "cause": "quota"}
    MediaFile.objects.create(**facts, expires_at=soon)
    (found,) = quotas.filling()
    assert (found.used, found.quota, found.share) == (len(PICTURE), len(PICTURE), 1.0)
    assert (found.waiting, found.until) == (1, soon)
    assert used(acme)[0] == 1
    assert list(strays(None)) == []
