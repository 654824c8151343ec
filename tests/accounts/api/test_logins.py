"""Logging in and out, and what a token may do."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import ApiToken, Membership, Role, User
from tests.accounts.api.conftest import Calls, bearing
from tests.tenants import Rows

LOGIN, LOGOUT, ME = "/api/v1/auth/login/", "/api/v1/auth/logout/", "/api/v1/me/"
PASSWORD = "correct horse battery"


@pytest.fixture
def alice(people: dict[str, User]) -> User:
    alice = people["alice"]
    alice.set_password(PASSWORD)
    alice.save()
    return alice


def log_in(
    username: str = "alice", password: str = PASSWORD, *, headers: dict[str, str] | None = None, **more: Any
) -> Any:
    facts = {"username": username, "password": password, **more}
    return APIClient().post(LOGIN, json.dumps(facts), content_type="application/json", headers=headers or {})


def with_key(key: str) -> APIClient:
    caller = APIClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return caller


def fields_of(answer: Any) -> list[str]:
    assert answer["Content-Type"] == "application/problem+json"
    return [error["field"] for error in answer.json().get("errors", [])]


def test_a_login_gives_a_token_that_works(alice: User, acme: Rows) -> None:
    answer = log_in(name="Phone")
    assert answer.status_code == 201
    told = answer.json()
    assert (told["role"], told["client"]["slug"], told["user"]["username"]) == ("operator", "acme", "alice")
    me = with_key(told["token"]).get(ME).json()
    assert (me["token"]["name"], me["token"]["client"], me["token"]["role"]) == (
        "Phone",
        acme.client.pk,
        "operator",
    )
    assert not answer.cookies


def test_a_login_lasts_twelve_hours_unless_asked_otherwise(alice: User) -> None:
    log_in()
    log_in(expires_in=600)
    lasting = [row.expires_at - row.created_at for row in ApiToken.objects.order_by("pk") if row.expires_at]
    assert lasting == [timedelta(hours=12), timedelta(minutes=10)]
    assert fields_of(log_in(expires_in=90 * 86400 + 1)) == ["expires_in"]


@pytest.mark.parametrize("facts", [{"password": "wrong"}, {"username": "nobody"}, {"username": "bob"}])
def test_a_failed_login_does_not_say_which_part_is_wrong(alice: User, facts: dict[str, str]) -> None:
    answer = log_in(**facts)
    assert (answer.status_code, answer.json()["code"]) == (401, "login_failed")
    assert answer.json()["detail"] == "User name or password is wrong."
    assert answer["WWW-Authenticate"] == "Bearer"


def test_who_is_switched_off_cannot_log_in(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert log_in().json()["code"] == "login_failed"


def test_nobody_logs_in_to_a_client_that_is_switched_off(alice: User, acme: Rows) -> None:
    acme.client.is_active = False
    acme.client.save()
    answer = log_in()
    assert (answer.status_code, fields_of(answer), answer.json()["choices"]) == (400, ["client"], [])


def test_who_works_for_several_clients_has_to_name_one(alice: User, acme: Rows, rival: Rows) -> None:
    Membership.objects.create(user=alice, client=rival.client, role=Role.VIEWER)
    answer = log_in()
    assert (answer.status_code, fields_of(answer)) == (400, ["client"])
    assert {choice["slug"] for choice in answer.json()["choices"]} == {"acme", "rival"}
    for named in ("rival", rival.client.pk, str(rival.client.pk)):
        assert log_in(client=named).json()["role"] == "viewer"


def test_the_choice_of_clients_is_told_only_after_the_password(alice: User, rival: Rows) -> None:
    Membership.objects.create(user=alice, client=rival.client)
    assert "choices" not in log_in(password="wrong").json()


def test_another_client_cannot_be_logged_in_to(alice: User, rival: Rows) -> None:
    for named in ("rival", rival.client.pk, 10**30, "0", "٣", "x" * 80):
        answer = log_in(client=named)
        assert (answer.status_code, fields_of(answer)) == (400, ["client"])
        assert [choice["slug"] for choice in answer.json()["choices"]] == ["acme"]


def test_an_administrator_logs_in_to_any_client_as_its_manager(people: dict[str, User], rival: Rows) -> None:
    people["root"].set_password(PASSWORD)
    people["root"].save()
    told = log_in("root", client="rival").json()
    assert told["role"] == "manager"
    me = with_key(told["token"]).get(ME).json()
    assert (me["is_superuser"], [one["client"]["slug"] for one in me["memberships"]]) == (False, ["rival"])


def test_a_login_is_no_wider_than_asked_and_never_wider_than_the_role(alice: User) -> None:
    assert log_in(role="viewer").json()["role"] == "viewer"
    assert fields_of(log_in(role="manager")) == ["role"]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"username": "ali\x00ce"}, "username"),
        ({"username": "ali\ud800ce"}, "username"),
        ({"username": 5.5}, ""),
        ({"username": ["alice"]}, "username"),
        ({"password": None}, "password"),
        ({"password": "x" * 5000}, "password"),
        ({"client": "ac\x00me"}, "client"),
        ({"client": {"id": 1}}, "client"),
        ({"role": "\ud800"}, "role"),
        ({"role": ["viewer"]}, "role"),
        ({"expires_in": 10**400}, "expires_in"),
        ({"expires_in": "soon"}, "expires_in"),
        ({"name": "\x00"}, "name"),
    ],
)
def test_what_cannot_be_taken_names_its_field(alice: User, facts: dict[str, Any], field: str) -> None:
    answer = log_in(**facts)
    assert answer.status_code in (400, 401)
    if field:
        assert fields_of(answer) == [field]


def test_guessing_is_slowed_down_by_address(alice: User) -> None:
    for number in range(10):
        assert log_in(f"somebody{number}", "wrong").status_code == 401
    answer = log_in()
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60
    elsewhere = APIClient(REMOTE_ADDR="192.0.2.7")
    assert (
        elsewhere.post(LOGIN, {"username": "alice", "password": PASSWORD}, format="json").status_code == 201
    )


def test_a_made_up_header_does_not_evade_the_throttle_and_a_proxy_s_word_counts(
    alice: User, settings: Settings
) -> None:
    for number in range(10):
        log_in(password="wrong", headers={"X-Forwarded-For": f"192.0.2.{number}"})
    assert log_in(headers={"X-Forwarded-For": "192.0.2.99"}).status_code == 429
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert log_in(headers={"X-Forwarded-For": "192.0.2.1, 192.0.2.99"}).status_code == 201
    for _ in range(9):
        log_in(password="wrong", headers={"X-Forwarded-For": "203.0.113.5, 192.0.2.99"})
    assert log_in(headers={"X-Forwarded-For": "198.51.100.1,192.0.2.99"}).status_code == 429


def test_logs_tell_who_and_never_the_password_or_the_key(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    key = log_in().json()["token"]
    log_in(password="almost right")
    with_key(key).post(LOGOUT)
    told = caplog.text
    assert all(word in told for word in ("logged in", "login failed", "token revoked", f"'user': {alice.pk}"))
    assert not any(secret in told for secret in (key, PASSWORD, "almost right"))


def test_a_login_is_seen_in_the_admin(alice: User) -> None:
    log_in()
    alice.refresh_from_db()
    assert alice.last_login is not None


def test_a_login_clears_away_tokens_that_ended_long_ago(alice: User, acme: Rows) -> None:
    for days in (29, 31):
        end = timezone.now() - timedelta(days=days)
        ApiToken.issue(user=alice, client=acme.client, name=f"{days} days", expires_at=end)
    log_in()
    assert set(ApiToken.objects.values_list("name", flat=True)) == {"29 days", "Login"}


def test_logging_out_ends_the_token_in_use_and_no_other(alice: User) -> None:
    first, second = (with_key(log_in().json()["token"]) for _ in range(2))
    assert first.post(LOGOUT).status_code == 204
    answer = first.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")
    assert second.get(ME).status_code == 200


def test_logging_out_of_a_session_ends_it(calls: Calls) -> None:
    root = calls("root")
    assert root.get(ME).json()["is_superuser"] is True
    assert root.post(LOGOUT).status_code == 204
    assert root.get(ME).status_code == 401


def test_a_session_needs_its_csrf_token(people: dict[str, User]) -> None:
    caller = APIClient(enforce_csrf_checks=True)
    caller.force_login(people["root"])
    answer = caller.post(LOGOUT)
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_through_a_token_only_its_client_is_mine(alice: User, acme: Rows, rival: Rows) -> None:
    Membership.objects.create(user=alice, client=rival.client)
    me = bearing(alice, acme.client, Role.VIEWER).get(ME).json()
    assert [(one["client"]["slug"], one["role"]) for one in me["memberships"]] == [("acme", "viewer")]
    assert me["stream_url"].endswith("/api/v1/stream/")


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer mct_wrong", "Bearer \x00", "Token ÿ"])
def test_a_header_that_is_no_token_is_refused(header: str, db: None) -> None:
    answer = APIClient().get(ME, headers={"Authorization": header})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("change", ["expired", "revoked", "inactive user", "inactive client", "no member"])
def test_a_token_ends_with_what_it_stands_on(
    change: str, calls: Calls, people: dict[str, User], acme: Rows
) -> None:
    caller = calls("alice")
    now = timezone.now()
    acts = {
        "expired": lambda: ApiToken.objects.update(expires_at=now),
        "revoked": lambda: ApiToken.objects.update(revoked_at=now),
        "inactive user": lambda: User.objects.filter(username="alice").update(is_active=False),
        "inactive client": lambda: type(acme.client).objects.update(is_active=False),
        "no member": lambda: Membership.objects.filter(user=people["alice"]).delete(),
    }
    acts[change]()
    answer = caller.get("/api/v1/instances/")
    assert answer.status_code == (403 if change == "no member" else 401)
