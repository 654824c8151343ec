"""Guessing passwords: a name waits at an address, and nobody else does."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEntry, User
from tests.tenants import LogIn, acme, browser_of, people, rival, static_files_as_they_are

__all__ = ["acme", "browser_of", "people", "rival", "static_files_as_they_are"]

LOGIN, API = "/admin/login/", "/api/v1/auth/login/"
PASSWORD = "correct horse battery"
LIMIT = 4


@pytest.fixture(autouse=True)
def few_tries(settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = LIMIT


@pytest.fixture
def alice(people: dict[str, User]) -> User:
    people["alice"].set_password(PASSWORD)
    people["alice"].save()
    return people["alice"]


def try_admin(name: str = "alice", password: str = "wrong", at: str = "192.0.2.7", **headers: str) -> Any:
    facts = {"username": name, "password": password}
    return Browser(REMOTE_ADDR=at).post(LOGIN, facts, headers=headers)


def try_api(name: str = "alice", password: str = "wrong", at: str = "192.0.2.7") -> Any:
    facts = {"username": name, "password": password}
    return Browser(REMOTE_ADDR=at).post(API, facts, content_type="application/json")


def lock(name: str = "alice", at: str = "192.0.2.7") -> None:
    for _ in range(LIMIT):
        try_admin(name, at=at)
    cache.clear()


def test_after_so_many_wrong_passwords_the_right_one_waits_too(alice: User) -> None:
    lock()
    refused = try_admin(password=PASSWORD)
    assert (refused.status_code, "sessionid" in refused.cookies) == (429, False)
    assert "Try again in 15 minutes" in refused.content.decode()
    assert 0 < int(refused["Retry-After"]) <= 15 * 60 + 1


def test_both_doors_count_together(alice: User) -> None:
    for number in range(LIMIT):
        (try_api if number % 2 else try_admin)()
    refused = try_api(password=PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (429, "locked_out")
    assert refused["Content-Type"] == "application/problem+json"


def test_nobody_else_at_the_address_waits_and_the_name_waits_nowhere_else(alice: User) -> None:
    lock("somebody")
    assert try_admin(password=PASSWORD).status_code == 302
    lock("alice", at="198.51.100.1")
    assert try_admin(password=PASSWORD).status_code == 302


def test_a_name_that_does_not_exist_waits_just_the_same(alice: User) -> None:
    lock("nobody-here")
    lock("alice", at="192.0.2.8")
    unknown, known = try_admin("nobody-here"), try_admin(at="192.0.2.8")
    assert unknown.status_code == known.status_code == 429
    assert unknown.content == known.content


def test_another_browser_at_the_address_is_no_other_guesser(alice: User) -> None:
    for number in range(LIMIT):
        try_admin(**{"User-Agent": f"Browser {number}"})
    assert try_admin(password=PASSWORD).status_code == 429


def test_it_is_over_by_itself(alice: User) -> None:
    lock()
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert try_admin(password=PASSWORD).status_code == 302


@pytest.mark.parametrize("door", [try_admin, try_api])
def test_the_right_password_forgets_the_wrong_ones(alice: User, door: Any) -> None:
    for _ in range(3):
        for _ in range(LIMIT - 1):
            door()
            cache.clear()
        assert door(password=PASSWORD).status_code in (201, 302)
    assert not AccessAttempt.objects.exists()


def test_an_administrator_lets_somebody_in(alice: User, browser_of: LogIn) -> None:
    lock()
    root = browser_of("root")
    page = root.get("/admin/axes/accessattempt/").content.decode()
    assert "alice" in page and "192.0.2.7" in page
    chosen = {"action": "unlock", "_selected_action": [AccessAttempt.objects.get().pk]}
    told = root.post("/admin/axes/accessattempt/", chosen, follow=True).content.decode()
    assert "No wrong password is counted." in told
    assert try_admin(password=PASSWORD).status_code == 302
    assert AuditEntry.objects.filter(action="login.unlocked", username="root", object_id=alice.pk).exists()
    assert AuditEntry.objects.filter(action="login.locked", object_id=alice.pk).count() == 1


def test_only_administrators_see_who_failed(browser_of: LogIn) -> None:
    assert browser_of("mona").get("/admin/axes/accessattempt/").status_code == 403


def test_the_command_lets_somebody_in(alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    lock()
    call_command("axes_reset_ip_username", "192.0.2.7", "alice")
    assert try_admin(password=PASSWORD).status_code == 302


def test_behind_a_proxy_the_caller_counts_and_not_what_the_caller_says(
    alice: User, settings: Settings
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for number in range(LIMIT):
        try_admin(at="127.0.0.1", **{"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.9"})
    assert try_admin(password=PASSWORD, **{"X-Forwarded-For": "203.0.113.9"}).status_code == 429
    assert try_admin(password=PASSWORD, **{"X-Forwarded-For": "203.0.113.10"}).status_code == 302


def test_no_password_is_kept_of_a_failed_login(alice: User) -> None:
    try_admin(password="my secret word")
    kept = AccessAttempt.objects.values().get()
    assert "my secret word" not in str(kept)


def test_guessing_many_names_from_one_address_is_slow_at_both_doors(alice: User) -> None:
    for number in range(10):
        try_admin(f"name{number}")
    assert "Too many logins from your address" in try_admin(password=PASSWORD).content.decode()
    assert try_api(password=PASSWORD).status_code == 429
    assert try_admin(password=PASSWORD, at="192.0.2.8").status_code == 302
