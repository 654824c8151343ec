"""What a diagnosis and the pages say of buckets and quotas."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Client, User
from media.models import MediaFile
from media.services.diagnosing import storage as diagnosing_storage
from tests.media.bucket import Bucket, Front, bucket, front, moto, use  # noqa: F401
from tests.media.test_uploads import upload
from tests.tenants import PICTURE, Rows, acme  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
pytestmark = pytest.mark.django_db


def told(about: str) -> list[tuple[str, str, str]]:
    found = diagnosing_storage.findings(diagnosing_storage.facts())
    return [(one.level, one.text, one.advice) for one in found if one.about == about]


@pytest.fixture
def nearly_full(acme: Rows) -> Rows:
    upload(acme.instance)
    Client.objects.filter(pk=acme.client.pk).update(quota_bytes=len(PICTURE) * 10 // 9)
    return acme


@pytest.fixture
def full(nearly_full: Rows) -> Rows:
    facts = {"kind": "image", "state": "pending", "cause": "quota"}
    MediaFile.objects.create(
        instance=nearly_full.instance, expires_at=timezone.now() + timedelta(days=1), **facts
    )
    return nearly_full


@pytest.fixture
def admin(db: None) -> Browser:
    made = Browser()
    made.force_login(User.objects.create_superuser("root", "", "x"))
    return made


def test_a_bucket_that_works_is_tried_and_left_as_it_was(bucket: Bucket, settings: Settings) -> None:
    use(settings, bucket.described())
    [(level, text, _)] = told("S3 media")
    assert (level, bucket.names()) == ("ok", [])


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (403, "InvalidAccessKeyId", "S3_ACCESS_KEY_ID"),
        (403, "AccessDenied", "put, get, list and delete"),
        (404, "NoSuchBucket", "S3_BUCKET"),
        (503, "SlowDown", "S3_ENDPOINT_URL can be reached"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_told_with_what_to_do(
    status: int, code: str, advice: str, front: Front, bucket: Bucket, settings: Settings
) -> None:
    use(settings, bucket.described(endpoint_url=front.address))
    front.refuse("PUT", status, code, times=9)
    [(level, text, found)] = told("S3 media")
    assert (level, code in text, advice in found) == ("problem", True, True)


def test_a_client_that_is_nearly_full_is_warned_of(nearly_full: Rows) -> None:
    [(level, text, _)] = told(nearly_full.client.name)
    assert (level, text.endswith("are used.")) == ("warn", True)


def test_files_that_wait_for_room_are_a_problem(full: Rows) -> None:
    [(level, text, _)] = told(full.client.name)
    assert (level, "1 file waits for room" in text) == ("problem", True)


def test_the_first_page_names_who_is_full(full: Rows, admin: Browser) -> None:
    assert "1 file waits for room" in admin.get("/admin/").content.decode()


def test_the_storage_page_says_how_full_a_client_is(nearly_full: Rows, admin: Browser) -> None:
    page = admin.get("/admin/media/mediafile/?view=gallery").content.decode()
    assert "mc-quotas" in page
    assert "are used." in page


def test_an_administrator_sets_a_quota_and_sees_what_is_used(nearly_full: Rows, admin: Browser) -> None:
    page = admin.get(f"/admin/accounts/client/{nearly_full.client.pk}/change/").content.decode()
    assert "(90 %)" in page
    assert 'name="quota_bytes"' in page
