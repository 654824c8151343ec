"""Tokens: what the API shows, makes and revokes of them, and their screen in the admin."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import ApiToken, Role, User
from tests.accounts.api.conftest import Calls, bearing, calls
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival, static_files_as_they_are

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
__all__ = [
    "acme",
    "browser_of",
    "calls",
    "people",
    "rival",
    "static_files_as_they_are",
]

TOKENS = "/api/v1/tokens/"


def names(caller: Any, **query: Any) -> set[str]:
    return {row["name"] for row in caller.get(TOKENS, query).json()["results"]}


def issue(user: User, rows: Rows, name: str, role: Role = Role.VIEWER, **facts: Any) -> ApiToken:
    token, _ = ApiToken.issue(user=user, client=rows.client, role=role, name=name, **facts)
    return token


def make(caller: Any, rows: Rows, **facts: Any) -> Any:
    body = {"name": "Wall", "client": rows.client.pk} | facts
    return caller.post(TOKENS, json.dumps(body), content_type="application/json")


def fields_of(answer: Any) -> list[str]:
    assert answer.status_code == 400
    return [error["field"] for error in answer.json()["errors"]]


def test_people_see_their_own_tokens_and_managers_all_of_the_client(
    acme: Rows, rival: Rows, people: dict[str, User], calls: Calls
) -> None:
    issue(people["bob"], acme, "bob's")
    issue(people["charlie"], rival, "charlie's")
    assert names(calls("bob", Role.VIEWER)) == {"bob's", "test"}
    assert names(calls("alice")) == {"test"}
    assert names(calls("mona")) >= {"bob's", "test"}
    assert "charlie's" not in names(calls("mona"))


def test_a_list_shows_use_and_end_and_never_a_key(acme: Rows, people: dict[str, User], calls: Calls) -> None:
    [row] = calls("bob").get(TOKENS).json()["results"]
    token = ApiToken.objects.get(user=people["bob"])
    assert (row["hint"], row["user"]["username"], row["last_used_at"] is not None) == (
        token.hint,
        "bob",
        True,
    )
    assert not {"digest", "token", "key"} & row.keys()


def test_a_narrow_token_sees_no_wider_one_of_the_same_person(acme: Rows, people: dict[str, User]) -> None:
    wide = issue(people["mona"], acme, "wide", Role.MANAGER)
    narrow = bearing(people["mona"], acme.client, Role.OPERATOR)
    assert names(narrow) == {"test"}
    assert narrow.delete(f"{TOKENS}{wide.pk}/").status_code == 404


def test_tokens_that_are_over_can_be_left_out(acme: Rows, people: dict[str, User], calls: Calls) -> None:
    now = timezone.now()
    issue(people["bob"], acme, "over", expires_at=now - timedelta(seconds=1))
    issue(people["bob"], acme, "revoked", revoked_at=now)
    bob = calls("bob")
    assert names(bob, valid="true") == {"test"}
    assert names(bob, valid="false") == {"over", "revoked"}
    assert len(names(bob)) == 3


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_of_tokens_costs_the_same_however_long(
    count: int,
    acme: Rows,
    people: dict[str, User],
    calls: Calls,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    mona = calls("mona")
    for number in range(count):
        issue(people["bob"], acme, f"t{number}")
    with django_assert_max_num_queries(4):
        assert len(mona.get(TOKENS).json()["results"]) == count + 1


def test_a_made_token_shows_its_key_once_and_works(acme: Rows, calls: Calls) -> None:
    alice = calls("alice")
    answer = make(alice, acme, role="viewer")
    assert (answer.status_code, answer.json()["role"]) == (201, "viewer")
    key = answer.json()["token"]
    assert key not in alice.get(TOKENS).content.decode()
    alice.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    assert alice.get("/api/v1/me/").json()["token"]["name"] == "Wall"


def test_a_token_is_as_wide_as_its_maker_unless_asked_otherwise(acme: Rows, calls: Calls) -> None:
    assert make(calls("alice"), acme).json()["role"] == "operator"
    assert make(calls("mona", Role.VIEWER), acme).json()["role"] == "viewer"
    assert make(calls("root"), acme).json()["role"] == "manager"


def test_nobody_makes_a_token_wider_than_himself(
    acme: Rows, rival: Rows, people: dict[str, User], calls: Calls
) -> None:
    assert fields_of(make(calls("alice"), acme, role="manager")) == ["role"]
    assert fields_of(make(calls("mona", Role.OPERATOR), acme, role="manager")) == ["role"]
    assert fields_of(make(calls("mona"), rival)) == ["client"]
    assert fields_of(make(bearing(people["root"], acme.client), rival)) == ["client"]


def test_a_token_s_token_ends_no_later(acme: Rows, people: dict[str, User], calls: Calls) -> None:
    bob, end = calls("bob"), timezone.now() + timedelta(hours=1)
    ApiToken.objects.update(expires_at=end)
    assert fields_of(make(bob, acme, expires_at=(end + timedelta(seconds=1)).isoformat())) == ["expires_at"]
    for facts in ({}, {"expires_at": None}):
        made = ApiToken.objects.get(pk=make(bob, acme, **facts).json()["id"])
        assert made.expires_at == end
    assert make(calls("root"), acme).json()["expires_at"] is None


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"client": 10**40}, "client"),
        ({"client": None}, "client"),
        ({"role": "root"}, "role"),
        ({"role": 5}, "role"),
        ({"expires_at": "yesterday"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
        ({"expires_at": 5}, "expires_at"),
    ],
)
def test_a_token_that_cannot_be_made_names_its_field(
    facts: dict[str, Any], field: str, acme: Rows, calls: Calls
) -> None:
    assert fields_of(make(calls("mona"), acme, **facts)) == [field]


def test_people_revoke_their_own_tokens_and_managers_those_of_the_client(
    acme: Rows, people: dict[str, User], calls: Calls
) -> None:
    own, other = issue(people["bob"], acme, "own"), issue(people["alice"], acme, "other", Role.OPERATOR)
    bob = calls("bob")
    assert bob.delete(f"{TOKENS}{own.pk}/").status_code == 204
    assert bob.delete(f"{TOKENS}{other.pk}/").status_code == 404
    assert calls("charlie").delete(f"{TOKENS}{other.pk}/").status_code == 404
    assert calls("mona").delete(f"{TOKENS}{other.pk}/").status_code == 204
    assert ApiToken.objects.filter(revoked_at__isnull=False).count() == 2


def test_a_revoked_token_keeps_the_time_at_which_it_was(
    acme: Rows, people: dict[str, User], calls: Calls
) -> None:
    then = timezone.now() - timedelta(days=1)
    token = issue(people["bob"], acme, "own", revoked_at=then)
    assert calls("bob").delete(f"{TOKENS}{token.pk}/").status_code == 204
    token.refresh_from_db()
    assert token.revoked_at == then


LISTING = "admin:accounts_apitoken_changelist"


def screen(token: ApiToken) -> str:
    return reverse("admin:accounts_apitoken_change", args=[token.pk])


def test_the_admin_shows_tokens_as_the_api_does(
    acme: Rows, rival: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    mine, theirs = issue(people["bob"], acme, "bob-wall"), issue(people["charlie"], rival, "far-wall")
    for name, seen in (("bob", True), ("mona", True), ("alice", False), ("charlie", False)):
        assert (b"bob-wall" in browser_of(name).get(reverse(LISTING)).content) is seen
    page = browser_of("bob").get(screen(mine)).content.decode()
    assert mine.hint in page
    assert mine.digest not in page
    assert browser_of("bob").get(screen(theirs)).status_code == 302


def test_a_token_is_revoked_in_the_admin(acme: Rows, people: dict[str, User], browser_of: LogIn) -> None:
    token, verb = issue(people["bob"], acme, "wall"), "admin:accounts_apitoken_act"
    assert browser_of("alice").post(reverse(verb, args=[token.pk, "revoke"])).status_code == 404
    assert browser_of("bob").post(reverse(verb, args=[token.pk, "revoke"])).status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert b"revoked" in browser_of("bob").get(reverse(LISTING)).content


def with_key(key: str) -> APIClient:
    caller = APIClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return caller


def test_a_token_had_for_a_password_ends_with_the_password(acme: Rows, people: dict[str, User]) -> None:
    alice = people["alice"]
    _, had = ApiToken.issue(
        user=alice, client=acme.client, role="viewer", name="x", password_mark=alice.password_mark
    )
    _, made = ApiToken.issue(user=alice, client=acme.client, role="viewer", name="wall")
    assert with_key(had).get(TOKENS).status_code == 200
    alice.set_password("another-word-51")
    alice.save()
    assert with_key(had).get(TOKENS).status_code == 401
    assert with_key(made).get(TOKENS).status_code == 200


def test_what_a_token_made_is_revoked_with_it(acme: Rows, people: dict[str, User], calls: Calls) -> None:
    first, key = ApiToken.issue(user=people["alice"], client=acme.client, role="operator", name="first")
    second = make(with_key(key), acme, name="second").json()["token"]
    third = make(with_key(second), acme, name="third").json()["token"]
    assert calls("mona").delete(f"{TOKENS}{first.pk}/").status_code == 204
    assert [with_key(one).get(TOKENS).status_code for one in (key, second, third)] == [401, 401, 401]


def test_nobody_works_for_a_client_that_is_switched_off(acme: Rows, browser_of: LogIn) -> None:
    acme.client.is_active = False
    acme.client.save()
    browser = browser_of("mona")
    assert browser.get(f"/api/v1/instances/{acme.instance.pk}/").status_code in (403, 404)
    assert browser.get("/admin/messaging/conversation/").status_code in (302, 403)
    assert browser_of("root").get(f"/api/v1/instances/{acme.instance.pk}/").status_code == 200
