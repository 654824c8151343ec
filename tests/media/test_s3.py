"""A bucket as the place of stored files: moto on this machine, with a front that fails as real ones do."""

import hashlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.files.base import ContentFile
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from media.models import MediaFile
from media.s3.storage import PART
from media.s3.trouble import S3Trouble
from media.services import fetch_now
from media.services.auditing import strays
from media.services.discarding import discard
from media.services.uploads import NotStorable
from media.storage import incoming_folder, keep, storage
from tests.media.bucket import NAME, Bucket, Front, bucket, front, moto, use  # noqa: F401
from tests.media.test_sharing import wanted
from tests.media.test_uploads import stored, upload
from tests.simulator.server import Simulator
from tests.telling import make_wapi
from tests.tenants import PICTURE, Rows, acme  # noqa: F401

pytestmark = pytest.mark.once
# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
LARGE = bytes(range(256)) * 4096 * 36


@pytest.fixture
def on_s3(bucket: Bucket, settings: Settings) -> Bucket:
    use(settings, bucket.described())
    return bucket


@pytest.fixture
def behind(front: Front, bucket: Bucket, settings: Settings) -> Front:
    use(settings, bucket.described(endpoint_url=front.address))
    return front


def part(content: bytes) -> Path:
    incoming_folder().mkdir(parents=True, exist_ok=True)
    path = incoming_folder() / "x.part"
    path.write_bytes(content)
    return path


def test_a_file_goes_to_its_place_and_comes_back(on_s3: Bucket) -> None:
    path = part(PICTURE)
    assert keep(path, "a/b.jpg") == "a/b.jpg"
    assert (on_s3.names(), path.exists()) == (["hub/a/b.jpg"], False)
    assert (storage().exists("a/b.jpg"), storage().size("a/b.jpg")) == (True, len(PICTURE))
    with storage().open("a/b.jpg") as content:
        assert content.read() == PICTURE


def test_a_large_file_goes_in_parts_and_comes_in_windows(behind: Front) -> None:
    keep(part(LARGE), "large")
    puts = [asked for asked in behind.asked if asked[0] == "PUT"]
    assert len(puts) == -(-len(LARGE) // PART)
    with storage().open("large") as content:
        digest = hashlib.sha256()
        for piece in content.chunks(1 << 20):
            digest.update(piece)
    assert digest.digest() == hashlib.sha256(LARGE).digest()
    ranges = [asked[2] for asked in behind.asked if asked[0] == "GET"]
    assert len(ranges) == 5
    assert ranges[:2] == ["bytes=0-8388607", "bytes=8388608-16777215"]


def test_a_part_of_a_large_file_does_not_bring_the_rest(behind: Front) -> None:
    keep(part(LARGE), "large")
    with storage().open("large") as content:
        content.seek(len(LARGE) - 10)
        assert content.read(10) == LARGE[-10:]
    assert [asked[2] for asked in behind.asked if asked[0] == "GET"] == [
        f"bytes={len(LARGE) - 10}-{len(LARGE) - 1}"
    ]


def test_an_answer_that_breaks_off_is_continued(behind: Front) -> None:
    keep(part(PICTURE * 100), "x")
    behind.cuts = 1
    with storage().open("x") as content:
        assert content.read() == PICTURE * 100


def test_what_is_not_there_is_not_found(on_s3: Bucket) -> None:
    assert not storage().exists("nothing")
    storage().delete("nothing")
    for ask in (storage().open, storage().size, storage().get_modified_time):
        with pytest.raises(FileNotFoundError):
            ask("nothing")


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [(503, "SlowDown", False), (500, "InternalError", False), (403, "AccessDenied", True)],
)
def test_what_s3_says_is_told_without_its_own_words(
    status: int, code: str, permanent: bool, behind: Front
) -> None:
    behind.refuse("PUT", status, code, times=9)
    with pytest.raises(S3Trouble) as trouble:
        keep(part(PICTURE), "x")
    assert (trouble.value.code, trouble.value.permanent) == (code, permanent)
    assert str(trouble.value) == f"S3 answers {code} to PutObject of x"


def test_a_store_that_is_busy_for_a_moment_is_asked_again(
    front: Front, bucket: Bucket, settings: Settings
) -> None:
    use(settings, bucket.described(endpoint_url=front.address, attempts=3))
    front.refuse("PUT", 503, "SlowDown")
    keep(part(PICTURE), "x")
    assert bucket.names() == ["hub/x"]


def test_an_upload_is_read_back_where_that_is_asked_for(
    front: Front, bucket: Bucket, settings: Settings
) -> None:
    use(settings, bucket.described(endpoint_url=front.address, reads_back=True))
    keep(part(PICTURE), "x")
    assert [asked[0] for asked in front.asked] == ["PUT", "HEAD", "HEAD", "GET"]


def test_folders_are_listed(on_s3: Bucket) -> None:
    for name in ("a/1", "a/2", "a/b/3", "c"):
        storage().save(name, ContentFile(b"x"))
    assert storage().listdir("") == (["a"], ["c"])
    assert storage().listdir("a") == (["b"], ["1", "2"])


@pytest.mark.django_db(transaction=True)
def test_a_file_that_the_store_does_not_take_waits_and_is_fetched_later(
    behind: Front, sim: Simulator, media_root: Path
) -> None:
    make = wanted(sim, make_wapi(), 1)[0]
    behind.refuse("PUT", 503, "SlowDown", times=9)
    list(fetch_now(MediaFile.objects.all(), now=timezone.now))
    make.refresh_from_db()
    assert (make.state, make.cause, make.attempts) == ("pending", "storage", 0)
    assert "SlowDown" in make.error
    behind.refusals.clear()
    MediaFile.objects.update(next_attempt_at=timezone.now())
    list(fetch_now(MediaFile.objects.all(), now=timezone.now))
    make.refresh_from_db()
    assert make.state == "ready"


@pytest.mark.django_db(transaction=True)
def test_what_comes_again_is_not_sent_to_the_bucket_again(
    behind: Front, sim: Simulator, media_root: Path
) -> None:
    line = make_wapi()
    for count in (1, 2):
        wanted(sim, line, count)
        assert sum(fetch_now(MediaFile.objects.all(), now=timezone.now)) == count
    assert [row.fetch_attempts.count() for row in MediaFile.objects.filter(state="ready")] == [1, 1, 1]
    assert sum(asked[0] == "PUT" for asked in behind.asked) == 1
    assert list(incoming_folder().iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_uploads_are_shared_audited_and_discarded_in_a_bucket_too(on_s3: Bucket, acme: Rows) -> None:
    before = len(on_s3.names())
    rows = [upload(acme.instance), upload(acme.instance)]
    assert (len(on_s3.names()) - before, stored(rows[1])) == (1, PICTURE)
    storage().save(f"cliente_{acme.client.pk}/stray", ContentFile(b"x"))
    assert [stray.name for stray in strays(None)] == [f"cliente_{acme.client.pk}/stray"]
    discard(rows, now=timezone.now())
    assert not storage().exists(rows[0].file.name)


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_the_store_refuses_is_refused(behind: Front, acme: Rows) -> None:
    behind.refuse("PUT", 403, "InvalidAccessKeyId", times=9)
    with pytest.raises(NotStorable) as refused:
        upload(acme.instance)
    assert refused.value.code == "storage"


def browser() -> Browser:
    made = Browser()
    made.force_login(User.objects.create_superuser("root", "", "x"))
    return made


@pytest.mark.django_db(transaction=True)
def test_a_browser_gets_ranges_out_of_a_bucket(on_s3: Bucket, acme: Rows) -> None:
    row = upload(acme.instance)
    answer = browser().get(f"/media-files/{row.pk}/", headers={"Range": "bytes=2-5"})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (206, PICTURE[2:6])  # type: ignore[attr-defined]
    answer.close()


@pytest.mark.django_db(transaction=True)
def test_a_browser_is_led_to_a_signed_address_that_runs_nothing(
    on_s3: Bucket, acme: Rows, settings: Settings
) -> None:
    settings.MEDIA_DELIVERY, settings.MEDIA_LINK_SECONDS = "redirect", 77
    row = upload(
        acme.instance, b"<script>1</script>", kind="document", filename="a.html", mimetype="text/html"
    )
    address = browser().get(f"/media-files/{row.pk}/")["Location"]
    told = parse_qs(urlsplit(address).query)
    assert told["X-Amz-Expires"] == ["77"]
    answer = requests.get(address, timeout=30)
    assert answer.content == b"<script>1</script>"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_what_lies_in_the_bucket_would_run_nothing_were_it_public(on_s3: Bucket) -> None:
    storage().save("a.html", ContentFile(b"<script>1</script>"))
    head = on_s3.client.head_object(Bucket=NAME, Key="hub/a.html")
    assert (head["ContentType"], head["ContentDisposition"]) == ("application/octet-stream", "attachment")
