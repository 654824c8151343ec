"""Files that somebody else hands out: the web server in front, or the storage itself."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage
from pytest_django import Settings

from media.checks import check_delivery
from media.models import MediaFile
from media.storage import storage
from tests.media.api.asking import WAYS, address, body, make_stored, problem
from tests.tenants import PICTURE, LogIn, Rows

EVERY = pytest.mark.parametrize("way", WAYS)


class Bucket(InMemoryStorage):
    """Signs addresses with the same arguments as S3Storage of django-storages."""

    def url(
        self,
        name: str | None,
        parameters: dict[str, str] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        told = "&".join(f"{key}={value}" for key, value in (parameters or {}).items())
        return f"https://bucket.example.com/{name}?expire={expire}&{told}"


class Shelf(InMemoryStorage):
    """Has addresses that cannot be told anything."""

    def url(self, name: str | None) -> str:
        return f"https://shelf.example.com/{name}"


@pytest.fixture
def stored_in(settings: Settings) -> Callable[[type[Storage]], None]:
    def choose(kind: type[Storage]) -> None:
        name = f"{kind.__module__}.{kind.__qualname__}"
        settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": name}}

    return choose


@EVERY
def test_the_web_server_is_told_where_the_file_lies(
    way: str, ready: MediaFile, browser_of: LogIn, settings: Settings
) -> None:
    settings.MEDIA_DELIVERY = "accel"
    browser = browser_of("bob")
    response = browser.get(address(way, ready, browser))
    assert (response.status_code, body(response)) == (200, b"")
    assert response["X-Accel-Redirect"] == f"/protected-media/{ready.file.name}"
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Disposition"] == 'inline; filename="Acme.jpg"'
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"].startswith("private")
    assert response["ETag"] == f'"{ready.sha256}"'


def test_a_name_is_quoted_for_the_web_server(acme: Rows, browser_of: LogIn, settings: Settings) -> None:
    settings.MEDIA_DELIVERY, settings.MEDIA_ACCEL_PREFIX = "accel", "/files/"
    media_file = make_stored(acme.media_file)
    place: Any = storage()
    place._save("a?b%2e #é.jpg", ContentFile(PICTURE))
    MediaFile.objects.filter(pk=media_file.pk).update(file="a?b%2e #é.jpg")
    browser = browser_of("bob")
    response = browser.get(address("content", media_file, browser))
    assert response["X-Accel-Redirect"] == "/files/a%3Fb%252e%20%23%C3%A9.jpg"


@EVERY
def test_ranges_are_left_to_the_web_server(
    way: str, ready: MediaFile, browser_of: LogIn, settings: Settings
) -> None:
    settings.MEDIA_DELIVERY = "accel"
    browser = browser_of("bob")
    response = browser.get(address(way, ready, browser), headers={"Range": "bytes=0-3"})
    assert response.status_code == 200
    assert "Content-Range" not in response
    assert "X-Accel-Redirect" in response


@pytest.mark.parametrize("way", ["content", "message", "link"])
def test_nothing_is_handed_off_before_access_is_checked(
    way: str, ready: MediaFile, browser_of: LogIn, settings: Settings
) -> None:
    settings.MEDIA_DELIVERY = "accel"
    browser = browser_of("charlie")
    target = "/api/v1/media/links/x/" if way == "link" else address(way, ready, browser)
    response = browser.get(target)
    assert response.status_code in (403, 404)
    assert "X-Accel-Redirect" not in response


def test_a_file_that_was_lost_is_not_handed_off(
    ready: MediaFile, browser_of: LogIn, settings: Settings
) -> None:
    settings.MEDIA_DELIVERY = "accel"
    storage().delete(ready.file.name)
    browser = browser_of("bob")
    assert problem(browser.get(address("content", ready, browser))) == (410, "not_here")


@pytest.mark.parametrize("delivery", ["accel", "redirect"])
def test_a_known_file_is_not_handed_off_again(
    delivery: str, ready: MediaFile, browser_of: LogIn, settings: Settings
) -> None:
    settings.MEDIA_DELIVERY = delivery
    browser, etag = browser_of("bob"), f'"{ready.sha256}"'
    response = browser.get(address("content", ready, browser), headers={"If-None-Match": etag})
    assert (response.status_code, "X-Accel-Redirect" in response) == (304, False)


@EVERY
def test_the_storages_own_address_says_how_the_file_is_shown(
    way: str, acme: Rows, browser_of: LogIn, settings: Settings, stored_in: Any
) -> None:
    settings.MEDIA_DELIVERY = "redirect"
    stored_in(Bucket)
    media_file, browser = make_stored(acme.media_file), browser_of("bob")
    response = browser.get(address(way, media_file, browser))
    assert response.status_code == 302
    assert response["Location"] == (
        f"https://bucket.example.com/{media_file.file.name}?expire=300"
        '&ResponseContentDisposition=inline; filename="Acme.jpg"&ResponseContentType=image/jpeg'
    )
    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"


def test_a_signed_address_lives_no_longer_than_a_link(
    acme: Rows, browser_of: LogIn, settings: Settings, stored_in: Any
) -> None:
    settings.MEDIA_DELIVERY, settings.MEDIA_LINK_SECONDS = "redirect", 45
    stored_in(Bucket)
    browser = browser_of("bob")
    response = browser.get(address("content", make_stored(acme.media_file), browser))
    assert "?expire=45&" in response["Location"]


def test_what_could_run_is_redirected_as_an_attachment(
    acme: Rows, browser_of: LogIn, settings: Settings, stored_in: Any
) -> None:
    settings.MEDIA_DELIVERY = "redirect"
    stored_in(Bucket)
    acme.media_file.mimetype = "text/html"
    browser = browser_of("bob")
    response = browser.get(address("content", make_stored(acme.media_file, b"<html>"), browser))
    assert "ResponseContentDisposition=attachment;" in response["Location"]
    assert "ResponseContentType=application/octet-stream" in response["Location"]


@pytest.mark.parametrize(("mimetype", "status"), [("image/jpeg", 302), ("text/html", 200)])
def test_a_storage_that_can_be_told_nothing_shows_only_what_is_safe(
    mimetype: str, status: int, acme: Rows, browser_of: LogIn, settings: Settings, stored_in: Any
) -> None:
    settings.MEDIA_DELIVERY = "redirect"
    stored_in(Shelf)
    acme.media_file.mimetype = mimetype
    browser = browser_of("bob")
    response = browser.get(address("content", make_stored(acme.media_file), browser))
    assert (response.status_code, body(response)) == (status, b"" if status == 302 else PICTURE)


@EVERY
@pytest.mark.parametrize("kind", [Bucket, Shelf])
def test_head_is_answered_by_us(
    way: str, kind: type[Storage], acme: Rows, browser_of: LogIn, settings: Settings, stored_in: Any
) -> None:
    settings.MEDIA_DELIVERY = "redirect"
    stored_in(kind)
    browser = browser_of("bob")
    response = browser.head(address(way, make_stored(acme.media_file), browser))
    assert (response.status_code, response["Content-Length"]) == (200, "1028")


@EVERY
def test_a_storage_without_addresses_is_streamed(
    way: str, ready: MediaFile, browser_of: LogIn, settings: Settings
) -> None:
    settings.MEDIA_DELIVERY = "redirect"
    browser = browser_of("bob")
    response = browser.get(address(way, ready, browser), headers={"Range": "bytes=0-3"})
    assert (response.status_code, body(response)) == (206, PICTURE[:4])


def test_the_web_server_gets_only_what_lies_on_its_disk(
    acme: Rows, browser_of: LogIn, settings: Settings, stored_in: Any
) -> None:
    settings.MEDIA_DELIVERY = "accel"
    stored_in(Bucket)
    browser = browser_of("bob")
    response = browser.get(address("content", make_stored(acme.media_file), browser))
    assert (body(response), "X-Accel-Redirect" in response) == (PICTURE, False)


@pytest.mark.parametrize(
    "prefix",
    ["", "/", "//", "media/", "/media", "media", "/a b/", "/a//b/", "/../", "/a?b/", "/é/", "http://x/"],
)
def test_a_prefix_that_leads_astray_is_an_error(prefix: str, settings: Settings) -> None:
    settings.MEDIA_DELIVERY, settings.MEDIA_ACCEL_PREFIX = "accel", prefix
    assert [found.id for found in check_delivery()] == ["media.E002"]


@pytest.mark.parametrize("prefix", ["/protected-media/", "/a/b_c.d/"])
def test_a_good_prefix_is_fine(prefix: str, settings: Settings) -> None:
    settings.MEDIA_DELIVERY, settings.MEDIA_ACCEL_PREFIX = "accel", prefix
    assert check_delivery() == []


def test_django_runs_the_check(settings: Settings) -> None:
    settings.MEDIA_DELIVERY, settings.MEDIA_ACCEL_PREFIX = "accel", "media"
    assert "media.E002" in [found.id for found in run_checks()]


def test_the_prefix_matters_only_to_who_uses_it(settings: Settings) -> None:
    settings.MEDIA_ACCEL_PREFIX = "nonsense"
    assert check_delivery() == []


@pytest.mark.parametrize(
    ("delivery", "kind", "found"),
    [
        ("redirect", FileSystemStorage, ["media.W001"]),
        ("redirect", Bucket, []),
        ("accel", FileSystemStorage, []),
        ("accel", Bucket, ["media.W001"]),
        ("stream", FileSystemStorage, []),
        ("stream", Bucket, []),
    ],
)
def test_a_delivery_that_the_storage_cannot_do_is_told(
    delivery: str, kind: type[Storage], found: list[str], settings: Settings, stored_in: Any
) -> None:
    settings.MEDIA_DELIVERY = delivery
    stored_in(kind)
    assert [warning.id for warning in check_delivery()] == found
