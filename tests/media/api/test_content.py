"""The bytes of a file, by every way that leads to them; what is not there says why."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Role, User
from media.models import MediaFile
from media.storage import storage
from tests.media.api.asking import WAYS, address, bearer, body, make_stored, path_of, problem
from tests.tenants import PICTURE, LogIn, Rows

pytestmark = pytest.mark.once
API = ("content", "message")
EVERY = pytest.mark.parametrize("way", WAYS)
LATER = timezone.now() + timedelta(hours=1)


def put_to(media_file: MediaFile, state: str, **facts: Any) -> MediaFile:
    MediaFile.objects.filter(pk=media_file.pk).update(state=state, **facts)
    media_file.refresh_from_db()
    return media_file


@EVERY
@pytest.mark.parametrize("name", ["alice", "bob", "mona", "root"])
def test_everybody_of_the_client_gets_the_file(
    way: str, name: str, ready: MediaFile, browser_of: LogIn
) -> None:
    browser = browser_of(name)
    response = browser.get(address(way, ready, browser))
    assert (response.status_code, body(response)) == (200, PICTURE)
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Disposition"] == 'inline; filename="Acme.jpg"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"].startswith("private, max-age=")
    assert {"Authorization", "Cookie"} <= set(response["Vary"].split(", "))


@pytest.mark.parametrize("way", API)
def test_a_token_gets_the_file(way: str, acme: Rows, ready: MediaFile, people: dict[str, User]) -> None:
    browser, _ = bearer(people["bob"], acme.client, Role.VIEWER)
    assert body(browser.get(address(way, ready, browser))) == PICTURE


@pytest.mark.parametrize("way", API)
@pytest.mark.parametrize("query", ["", "?fetch=1", "?download=1"])
def test_another_clients_user_gets_nothing(way: str, query: str, ready: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("charlie")
    assert problem(browser.get(address(way, ready, browser) + query)) == (404, "not_found")
    assert browser.get(address(way, ready, browser), headers={"Range": "bytes=0-1"}).status_code == 404


@pytest.mark.parametrize("way", API)
def test_without_a_login_there_is_nothing(way: str, ready: MediaFile) -> None:
    assert problem(Browser().get(address(way, ready, Browser()))) == (401, "not_authenticated")


@EVERY
@pytest.mark.parametrize(
    ("asked", "part", "content_range"),
    [
        ("bytes=0-9", PICTURE[:10], "bytes 0-9/1028"),
        ("bytes=1000-", PICTURE[1000:], "bytes 1000-1027/1028"),
        ("bytes=-5", PICTURE[-5:], "bytes 1023-1027/1028"),
    ],
)
def test_a_part_can_be_had(
    way: str, asked: str, part: bytes, content_range: str, ready: MediaFile, browser_of: LogIn
) -> None:
    browser = browser_of("bob")
    response = browser.get(address(way, ready, browser), headers={"Range": asked})
    assert (response.status_code, body(response)) == (206, part)
    assert (response["Content-Range"], response["Content-Length"]) == (content_range, str(len(part)))


@EVERY
def test_a_part_behind_the_end_is_refused(way: str, ready: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("bob")
    response = browser.get(address(way, ready, browser), headers={"Range": "bytes=2000-"})
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */1028")


@EVERY
@pytest.mark.parametrize(("tag", "status"), [("", 206), ("another", 200)])
def test_a_part_is_given_only_of_the_same_file(
    way: str, tag: str, status: int, ready: MediaFile, browser_of: LogIn
) -> None:
    browser, headers = browser_of("bob"), {"Range": "bytes=0-3", "If-Range": f'"{tag or ready.sha256}"'}
    response = browser.get(address(way, ready, browser), headers=headers)
    assert (response.status_code, len(body(response))) == (status, 4 if status == 206 else len(PICTURE))


@EVERY
def test_a_known_file_is_not_sent_twice(way: str, ready: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("bob")
    target, etag = address(way, ready, browser), f'"{ready.sha256}"'
    first = browser.get(target)
    assert (body(first), first["ETag"]) == (PICTURE, etag)
    again = browser.get(target, headers={"If-None-Match": etag})
    assert (again.status_code, again["ETag"], body(again)) == (304, etag, b"")


@EVERY
def test_head_sends_the_headers_alone(way: str, ready: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("bob")
    response = browser.head(address(way, ready, browser))
    assert (response.status_code, body(response), response["Content-Length"]) == (200, b"", "1028")
    assert (response["Accept-Ranges"], response["Content-Type"]) == ("bytes", "image/jpeg")


@EVERY
def test_what_a_browser_could_run_is_only_saved(way: str, acme: Rows, browser_of: LogIn) -> None:
    hostile, browser = b"<html><script>alert(1)</script>", browser_of("bob")
    acme.media_file.mimetype = "text/html"
    response = browser.get(address(way, make_stored(acme.media_file, hostile), browser))
    assert body(response) == hostile
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")


@EVERY
def test_a_file_can_be_saved(way: str, ready: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("bob")
    response = browser.get(address(way, ready, browser) + "?download=1")
    body(response)
    assert response["Content-Disposition"] == 'attachment; filename="Acme.jpg"'


@pytest.mark.parametrize("way", [*API, "link"])
@pytest.mark.parametrize("accepted", ["image/*", "audio/ogg", "text/html", "application/xml", "nonsense"])
def test_it_does_not_matter_what_is_accepted(
    way: str, accepted: str, ready: MediaFile, browser_of: LogIn
) -> None:
    browser = browser_of("bob")
    target = address(way, ready, browser)
    assert body(browser.get(target, headers={"Accept": accepted})) == PICTURE
    put_to(ready, "failed")
    assert problem(browser.get(target, headers={"Accept": accepted})) == (410, "not_here")


@pytest.mark.parametrize("way", [*API, "link"])
@pytest.mark.parametrize("state", ["pending", "fetching"])
def test_a_file_on_its_way_says_when(way: str, state: str, ready: MediaFile, browser_of: LogIn) -> None:
    put_to(ready, state, error="cdn: HTTP 503", cause="unavailable", next_attempt_at=LATER)
    browser = browser_of("bob")
    response = browser.get(address(way, ready, browser))
    assert problem(response) == (409, "not_here_yet")
    told = response.json()
    assert (told["id"], told["state"], told["cause"]) == (ready.pk, state, "unavailable")
    assert told["error"] == "cdn: HTTP 503"
    assert "cdn: HTTP 503" in told["detail"]
    assert datetime.fromisoformat(told["expires_at"]) == ready.expires_at
    assert told["next_attempt_at"] is None or state == "pending"


def test_a_pending_file_names_its_next_try(ready: MediaFile, browser_of: LogIn) -> None:
    put_to(ready, "pending", next_attempt_at=LATER)
    told = browser_of("bob").get(path_of(ready, "content/")).json()
    assert datetime.fromisoformat(told["next_attempt_at"]) == LATER


@pytest.mark.parametrize("way", [*API, "link"])
@pytest.mark.parametrize("state", ["expired", "failed", "unavailable", "missing"])
def test_a_file_that_is_gone_says_why(way: str, state: str, ready: MediaFile, browser_of: LogIn) -> None:
    put_to(ready, state, error="gone at the source", cause="gone")
    browser = browser_of("bob")
    response = browser.get(address(way, ready, browser))
    assert problem(response) == (410, "not_here")
    told = response.json()
    assert (told["state"], told["cause"], told["error"]) == (state, "gone", "gone at the source")
    assert told["next_attempt_at"] is None


@pytest.mark.parametrize("way", [*API, "link"])
def test_a_file_that_was_lost_is_marked_so(way: str, ready: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("bob")
    target = address(way, ready, browser)
    storage().delete(ready.file.name)
    response = browser.get(target)
    assert problem(response) == (410, "not_here")
    assert (response.json()["state"], response.json()["cause"]) == ("missing", "lost")
    ready.refresh_from_db()
    assert ready.state == "missing"


@pytest.mark.parametrize("way", API)
@pytest.mark.parametrize("name", ["alice", "mona", "root"])
@pytest.mark.parametrize("state", ["pending", "expired", "failed", "unavailable", "missing"])
def test_an_operator_asks_at_once(
    way: str, name: str, state: str, ready: MediaFile, browser_of: LogIn
) -> None:
    put_to(ready, state, error="x", cause="gone", next_attempt_at=LATER, attempts=5)
    browser = browser_of(name)
    response = browser.get(address(way, ready, browser) + "?fetch=1")
    assert problem(response) == (409, "not_here_yet")
    assert response.json()["state"] == "pending"
    ready.refresh_from_db()
    assert (ready.state, ready.attempts) == ("pending", 0)
    assert ready.next_attempt_at <= timezone.now()


@pytest.mark.parametrize("way", API)
def test_a_lost_file_is_asked_for_as_it_is_found_lost(way: str, ready: MediaFile, browser_of: LogIn) -> None:
    storage().delete(ready.file.name)
    browser = browser_of("alice")
    response = browser.get(address(way, ready, browser) + "?fetch=1")
    assert (problem(response), response.json()["state"]) == ((409, "not_here_yet"), "pending")


@pytest.mark.parametrize("way", API)
def test_a_viewer_asks_for_nothing(
    way: str, acme: Rows, ready: MediaFile, browser_of: LogIn, people: dict[str, User]
) -> None:
    put_to(ready, "failed")
    small, _ = bearer(people["mona"], acme.client, Role.VIEWER)
    for browser in (browser_of("bob"), small):
        target = address(way, ready, browser) + "?fetch=1"
        assert problem(browser.get(target)) == (403, "permission_denied")
    ready.refresh_from_db()
    assert ready.state == "failed"


@pytest.mark.parametrize("way", API)
def test_a_viewer_who_asks_for_what_is_here_gets_it(way: str, ready: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("bob")
    assert body(browser.get(address(way, ready, browser) + "?fetch=1")) == PICTURE


@pytest.mark.parametrize("query", ["?fetch=0", "?fetch=", "?fetch=maybe", "?fetch=%00", "?fetch=%ED%A0%BD"])
def test_only_a_yes_asks(query: str, ready: MediaFile, browser_of: LogIn) -> None:
    put_to(ready, "failed")
    assert problem(browser_of("alice").get(path_of(ready, "content/") + query)) == (410, "not_here")


def test_looking_at_the_headers_asks_for_nothing(ready: MediaFile, browser_of: LogIn) -> None:
    put_to(ready, "failed")
    assert browser_of("alice").head(path_of(ready, "content/") + "?fetch=1").status_code == 410
    ready.refresh_from_db()
    assert ready.state == "failed"


def test_a_link_asks_for_nothing(ready: MediaFile, browser_of: LogIn) -> None:
    put_to(ready, "failed")
    browser = browser_of("alice")
    assert browser.get(address("link", ready, browser) + "?fetch=1").status_code == 410
    ready.refresh_from_db()
    assert ready.state == "failed"


@EVERY
def test_a_storage_that_cannot_be_read_loses_nothing(way: str, ready: MediaFile, browser_of: LogIn) -> None:
    browser = browser_of("bob")
    target = address(way, ready, browser)
    MediaFile.objects.filter(pk=ready.pk).update(file="folder")
    storage().delete(ready.file.name)
    (storage_folder() / "folder").mkdir()
    assert browser.get(target).status_code == 503
    ready.refresh_from_db()
    assert ready.state == "ready"


def storage_folder() -> Path:
    return Path(storage().path(""))


@pytest.mark.parametrize("header", ["Range", "If-Range", "If-None-Match", "If-Match"])
@pytest.mark.parametrize("value", ["x" * 5000, "bytes=" + "9" * 400 + "-", '"', "\xff", "bytes=--1", ","])
def test_no_header_breaks_it(header: str, value: str, ready: MediaFile, browser_of: LogIn) -> None:
    headers = {"Range": "bytes=0-1"} | {header: value}
    response = browser_of("bob").get(path_of(ready, "content/"), headers=headers)
    body(response)
    assert response.status_code in (200, 206, 412, 416)


@pytest.mark.parametrize("way", [*API, "link"])
def test_secrets_that_cannot_be_read_keep_no_file_back(
    way: str, acme: Rows, ready: MediaFile, browser_of: LogIn, settings: Settings
) -> None:
    browser = browser_of("bob")
    target = address(way, ready, browser)
    settings.FIELD_ENCRYPTION_KEYS = ["YW5vdGhlci1rZXktYW5vdGhlci1rZXktYW5vdGhlciE="]
    assert body(browser.get(target)) == PICTURE
    put_to(ready, "failed")
    assert problem(browser.get(target)) == (410, "not_here")
