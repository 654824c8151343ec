"""Many results written at once, and forwards looked up at once."""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
from django.utils import timezone

from accounts.models import Client, WhatsappInstance
from media.models import FetchAttempt, MediaFile
from media.services.deciding import Errand, Result
from media.services.fetching import claim
from media.services.recording import record
from media.strategies import Attempt, Fetched, Job

pytestmark = pytest.mark.django_db
OURS = uuid.UUID(int=1)


@pytest.fixture
def claimed() -> list[MediaFile]:
    client = Client.objects.create(name="Padaria", slug="padaria")
    line = WhatsappInstance.objects.create(client=client, name="Loja", provider="wapi", instance_id="LOJA")
    for number in range(3):
        MediaFile.objects.create(instance=line, kind="image", enc_sha256=f"{number}" * 64, media_key="key")
    return claim(10, OURS, timezone.now())


def fetched(media_file: MediaFile, now: datetime) -> Result:
    ok: dict[str, Any] = {"duration": 0.1, "http_status": 200, "bytes": 3, "outcome": "ok", "reason": ""}
    file = Fetched(
        path=Path("gone"), size=3, sha256=media_file.pk.to_bytes(32), mimetype="image/png", extension=".png"
    )
    attempt = Attempt(strategy="cdn", started_at=now, **ok)
    return Result(Errand(media_file, cast(Job, None)), [attempt], fetched=file, name=f"{media_file.pk}.png")


def test_all_files_of_a_batch_become_ready(claimed: list[MediaFile]) -> None:
    now = timezone.now()
    record([fetched(media_file, now) for media_file in claimed], OURS, now)
    for row in MediaFile.objects.all():
        assert (row.state, row.lease_token, row.lease_until, row.ready_at) == ("ready", None, None, now)
        assert (row.file.name, row.size, row.sha256) == (f"{row.pk}.png", 3, row.pk.to_bytes(32).hex())
        assert (row.mimetype, row.strategy) == ("image/png", "cdn")


def test_a_file_that_another_worker_holds_by_now_stays_its(claimed: list[MediaFile]) -> None:
    lost, theirs, now = claimed[1], uuid.UUID(int=2), timezone.now()
    MediaFile.objects.filter(pk=lost.pk).update(lease_token=theirs)
    record([fetched(media_file, now) for media_file in claimed], OURS, now)
    lost.refresh_from_db()
    assert (lost.state, lost.lease_token, lost.file.name) == ("fetching", theirs, "")
    assert MediaFile.objects.filter(state="ready").count() == 2
    assert FetchAttempt.objects.count() == 3


def test_a_forward_is_found_only_within_its_client_and_under_its_key(claimed: list[MediaFile]) -> None:
    now = timezone.now()
    record([fetched(media_file, now) for media_file in claimed], OURS, now)
    other = Client.objects.create(name="Oficina", slug="oficina")
    there = WhatsappInstance.objects.create(client=other, name="Loja", provider="wapi", instance_id="OFICINA")
    same = {"kind": "image", "enc_sha256": claimed[0].enc_sha256, "media_key": "key"}
    forward = MediaFile.objects.create(instance=claimed[0].instance, **same)
    stranger = MediaFile.objects.create(instance=there, **same)
    assert [row.pk for row in MediaFile.objects.fetched_before([forward])] == [claimed[0].pk]
    assert not MediaFile.objects.fetched_before([stranger])
