"""Signed links: for one file, one user, a few minutes, and only while that user may see the file."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.signing import Signer
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ApiToken, Role, User
from media import links
from media.models import MediaFile
from tests.media.api.asking import address, bearer, body, make_stored, path_of, problem
from tests.tenants import PICTURE, LogIn, Rows

NOW = timezone.now()


def made_by(user: User, media_file: MediaFile, token: ApiToken | None = None, age: int = 0) -> str:
    signed, _ = links.new_link(
        media_file, user=user, token=token, now=timezone.now() - timedelta(seconds=age)
    )
    return f"/api/v1/media/links/{signed}/"


def status(target: str) -> int:
    response = Browser().get(target)
    body(response)
    return response.status_code


@pytest.mark.parametrize("name", ["alice", "bob", "mona", "root"])
def test_a_link_needs_no_login(name: str, ready: MediaFile, browser_of: LogIn) -> None:
    made = browser_of(name).post(path_of(ready, "link/"))
    assert made.status_code == 201
    assert made.json()["url"].startswith("http://testserver/api/v1/media/links/")
    assert body(Browser().get(made.json()["url"])) == PICTURE


def test_a_link_says_until_when_it_works(ready: MediaFile, browser_of: LogIn, settings: Settings) -> None:
    settings.MEDIA_LINK_SECONDS = 90
    ends = datetime.fromisoformat(browser_of("bob").post(path_of(ready, "link/")).json()["expires_at"])
    assert timedelta(seconds=88) < ends - timezone.now() <= timedelta(seconds=90)


def test_a_link_is_kept_by_nobody_longer_than_it_works(ready: MediaFile, people: dict[str, User]) -> None:
    response = Browser().get(made_by(people["bob"], ready, age=200))
    body(response)
    private, age = response["Cache-Control"].split(", max-age=")
    assert (private, 0 < int(age) <= 100) == ("private", True)
    assert response["Referrer-Policy"] == "no-referrer"


def test_an_old_link_is_refused(ready: MediaFile, people: dict[str, User]) -> None:
    assert status(made_by(people["bob"], ready, age=280)) == 200
    response = Browser().get(made_by(people["bob"], ready, age=300))
    assert problem(response) == (403, "link_expired")


def test_a_link_leads_to_its_own_file_only(acme: Rows, ready: MediaFile, people: dict[str, User]) -> None:
    signed = made_by(people["bob"], ready).split("/")[-2]
    facts, _, signature = signed.partition(":")
    other = made_by(people["bob"], MediaFile(pk=ready.pk + 1)).split("/")[-2].partition(":")[0]
    assert other != facts
    assert problem(Browser().get(f"/api/v1/media/links/{other}:{signature}/")) == (403, "bad_link")


@pytest.mark.parametrize(
    "signed", ["x", ":", "a:b", "WzEsMSxudWxsLDFd", "x" * 5000, "%00", "%ED%A0%BD", "é:ü", "WzFd:", "..", "1"]
)
def test_what_was_not_signed_here_is_refused(signed: str, acme: Rows) -> None:
    assert problem(Browser().get(f"/api/v1/media/links/{signed}/")) == (403, "bad_link")


def test_a_signature_for_something_else_is_refused(ready: MediaFile, people: dict[str, User]) -> None:
    facts = [ready.pk, people["bob"].pk, None, int(NOW.timestamp()) + 60]
    signed = Signer(salt="another purpose").sign_object(facts)
    assert problem(Browser().get(f"/api/v1/media/links/{signed}/")) == (403, "bad_link")


def leaves(people: dict[str, User]) -> None:
    people["bob"].memberships.all().delete()


def is_switched_off(people: dict[str, User]) -> None:
    User.objects.filter(pk=people["bob"].pk).update(is_active=False)


def is_deleted(people: dict[str, User]) -> None:
    people["bob"].delete()


@pytest.mark.parametrize("happens", [leaves, is_switched_off, is_deleted])
def test_a_link_ends_with_its_users_rights(happens: Any, ready: MediaFile, people: dict[str, User]) -> None:
    target = made_by(people["bob"], ready)
    assert status(target) == 200
    happens(people)
    assert problem(Browser().get(target)) == (404, "not_found")


def test_a_link_to_a_file_that_is_no_more(acme: Rows, people: dict[str, User]) -> None:
    target = made_by(people["bob"], MediaFile(pk=10**9))
    assert problem(Browser().get(target)) == (404, "not_found")


def revoke(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=NOW)


def expire(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk).update(expires_at=NOW)


def close_client(token: ApiToken) -> None:
    type(token.client).objects.filter(pk=token.client_id).update(is_active=False)


@pytest.mark.parametrize("ends", [revoke, expire, close_client, ApiToken.delete])
def test_a_link_ends_with_its_token(ends: Any, acme: Rows, ready: MediaFile, people: dict[str, User]) -> None:
    browser, token = bearer(people["alice"], acme.client)
    target = address("link", ready, browser)
    assert status(target) == 200
    ends(token)
    assert problem(Browser().get(target)) == (404, "not_found")


def test_a_link_of_a_token_reaches_no_further_than_the_token(
    acme: Rows, rival: Rows, people: dict[str, User]
) -> None:
    _, token = bearer(people["root"], acme.client)
    theirs = make_stored(rival.media_file)
    assert problem(Browser().get(made_by(people["root"], theirs, token))) == (404, "not_found")
    assert status(made_by(people["root"], theirs)) == 200


def test_a_link_of_another_users_token_is_nothing(
    acme: Rows, ready: MediaFile, people: dict[str, User]
) -> None:
    _, token = bearer(people["alice"], acme.client)
    assert problem(Browser().get(made_by(people["bob"], ready, token))) == (404, "not_found")


def test_a_link_ends_no_later_than_its_token(acme: Rows, ready: MediaFile, people: dict[str, User]) -> None:
    soon = NOW + timedelta(seconds=20)
    _, token = bearer(people["alice"], acme.client, Role.VIEWER, expires_at=soon)
    _, link = links.new_link(ready, user=people["alice"], token=token, now=NOW)
    assert link.expires_at <= soon


def test_a_link_can_be_made_before_the_file_is_here(acme: Rows, browser_of: LogIn) -> None:
    target = address("link", acme.media_file, browser_of("bob"))
    assert problem(Browser().get(target)) == (410, "not_here")
    make_stored(acme.media_file)
    assert status(target) == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_link_only_reads(method: str, ready: MediaFile, people: dict[str, User]) -> None:
    assert getattr(Browser(), method)(made_by(people["root"], ready)).status_code == 405


def test_links_to_a_page_of_files_come_at_once(
    acme: Rows, rival: Rows, ready: MediaFile, browser_of: LogIn
) -> None:
    wanted = {"media": [ready.pk, acme.media_file.pk, rival.media_file.pk, 10**15]}
    answer = browser_of("bob").post("/api/v1/media/links/", wanted, content_type="application/json")
    assert answer.status_code == 201
    made = {one["media"]: one["url"] for one in answer.json()["links"]}
    assert set(made) == {ready.pk, acme.media_file.pk}
    assert body(Browser().get(made[ready.pk])) == PICTURE


@pytest.mark.parametrize("wanted", [[], ["x"], [0], list(range(1, 202)), None])
def test_odd_wishes_for_links_are_refused(wanted: Any, browser_of: LogIn, acme: Rows) -> None:
    answer = browser_of("bob").post(
        "/api/v1/media/links/", {"media": wanted}, content_type="application/json"
    )
    assert answer.status_code == 400
