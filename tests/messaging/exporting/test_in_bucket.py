"""Exports where media lie in a bucket, and workers that are killed or sleep over their lease."""

import hashlib
from datetime import timedelta

import pytest

from messaging.models import Export
from messaging.services import exporting
from messaging.services.exporting import Exporter, planning, request_export
from tests.media.bucket import bucket, moto, use  # noqa: F401
from tests.messaging.exporting.making import NOW, Clock, archive_of, made, names, told
from tests.tenants import PICTURE, make_message, make_ready

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = [pytest.mark.once, pytest.mark.django_db]


@pytest.fixture
def on_s3(bucket, settings):
    use(settings, bucket.described())
    return bucket


@pytest.fixture
def talk(acme, monkeypatch):
    """Ten messages, two a part."""
    monkeypatch.setattr(planning, "PAGE", 2)
    monkeypatch.setattr(planning, "MESSAGES_A_PART", 2)
    for number in range(9):
        make_message(acme.conversation, text=f"text {number}")
    return acme


def texts_in(archive):
    pages = [told(archive, name) for name in names(archive, ".json") if "messages-" in name]
    return [message["text"] for page in pages for message in page["messages"]]


def parts_made(exporter, work, now, count):
    for _ in range(count):
        exporter.top_up(now, work)
        exporter.collect(now, wait=5)


def test_pages_and_files_come_out_of_a_bucket_whole(acme, on_s3):
    make_message(acme.conversation, type="image", media=make_ready(acme.instance))
    export = made(acme.client)
    assert export.state == "ready" and any("exports/" in name for name in on_s3.names())
    archive = archive_of(export)
    assert archive.testzip() is None
    assert [archive.read(name) for name in names(archive, ".jpg")] == [PICTURE]
    for one in told(archive, "manifest.json")["entries"]:
        assert hashlib.sha256(archive.read(one["path"])).hexdigest() == one["sha256"]


def test_it_is_downloaded_from_any_place_on(talk, on_s3, browser_of):
    export = made(talk.client)
    whole = b"".join(exporting.chunks(export))
    middle = len(whole) // 2
    ask = browser_of("mona").get
    for wanted in (f"{middle}-", "0-0", f"{middle - 700}-{middle + 700}", "-5"):
        answer = ask(f"/api/v1/exports/{export.pk}/content/", headers={"Range": f"bytes={wanted}"})
        first, _, rest = answer["Content-Range"].removeprefix("bytes ").partition("-")
        last = int(rest.partition("/")[0])
        assert b"".join(answer.streaming_content) == whole[int(first) : last + 1]


def test_another_worker_goes_on_in_a_bucket_after_a_kill(talk, on_s3):
    work, killed = Export.objects.filter(pk=request_export(talk.client, by=None, now=NOW).pk), Exporter()
    parts_made(killed, work, NOW, 3)
    killed.top_up(NOW, work)
    killed.crew.close()
    list(exporting.make_now(work, now=Clock(NOW + timedelta(minutes=5))))
    archive = archive_of(work.get())
    assert archive.testzip() is None
    assert sorted(texts_in(archive)) == sorted(["Acme text", *(f"text {number}" for number in range(9))])


def test_a_worker_that_slept_over_its_lease_changes_nothing(talk, media_root):
    """What it wrote late differs from what the other wrote, as a message was added meanwhile."""
    export = request_export(talk.client, by=None, now=NOW)
    work, slow, clock = Export.objects.filter(pk=export.pk), Exporter(), Clock(NOW + timedelta(minutes=5))
    parts_made(slow, work, NOW, 2)
    slow.top_up(NOW, work)
    make_message(
        talk.conversation, text="a longer text that came meanwhile", sent_at=NOW - timedelta(days=900)
    )
    list(exporting.make_now(work, now=clock))
    slow.collect(clock(), wait=5)
    slow.close()
    export.refresh_from_db()
    assert export.state == "ready" and archive_of(export).testzip() is None
    assert len(list((media_root / "exports").rglob("*.part"))) == len(export.part_sizes)


def test_two_workers_at_once_make_each_part_once(talk):
    export = request_export(talk.client, by=None, now=NOW)
    work, both = Export.objects.filter(pk=export.pk), (Exporter(), Exporter())
    while work.get().state != "ready":
        claimed = [exporter.top_up(NOW, work) for exporter in both]
        assert sum(claimed) <= 1
        for exporter in both:
            exporter.collect(NOW, wait=5 * exporter.under_way)
    for exporter in both:
        exporter.close()
    assert len(texts_in(archive_of(work.get()))) == 10
