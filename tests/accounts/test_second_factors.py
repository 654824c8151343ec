"""Switching a second factor on and off, and what its codes open."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone
from django_otp.oath import totp
from pytest_django import Settings

from accounts.logins import second_factors, tickets
from accounts.models import AuditEntry, SecondFactor, User
from tests.accounts.api.conftest import bearing
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival, static_files_as_they_are

__all__ = ["acme", "browser_of", "people", "rival", "static_files_as_they_are"]

PAGE, CODE, INDEX = "/admin/second-factor/", "/admin/second-factor/code/", "/admin/"
NOW = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
PASSWORD = "correct horse battery"


def code_at(factor: SecondFactor, moment: datetime | None = None, steps: int = 0) -> str:
    moment = (moment or timezone.now()) + timedelta(seconds=30 * steps)
    clock = int(moment.timestamp())
    return f"{totp(bytes.fromhex(factor.key), t0=int(timezone.now().timestamp()) - clock):06d}"


def give_factor(user: User, *, codes: list[str] | None = None) -> SecondFactor:
    factor = SecondFactor.objects.create(user=user)
    made = second_factors.new_recovery_codes(factor)
    if codes is not None:
        codes += made
    return factor


@pytest.fixture
def alice(people: dict[str, User]) -> User:
    people["alice"].set_password(PASSWORD)
    people["alice"].save()
    return people["alice"]


def logged_in(user: User) -> Browser:
    browser = Browser()
    answer = browser.post("/admin/login/", {"username": user.username, "password": PASSWORD, "next": INDEX})
    assert answer.status_code == 302
    return browser


def test_it_is_switched_on_with_a_code_and_tells_recovery_codes_once(alice: User) -> None:
    browser = logged_in(alice)
    browser.post(PAGE, {"act": "begin"})
    factor = SecondFactor.objects.get(user=alice, confirmed=False)
    shown = browser.get(PAGE).content.decode()
    assert second_factors.typed_key(factor) in shown and "<svg" in shown
    told = browser.post(PAGE, {"act": "confirm", "code": code_at(factor)})
    codes = told.context["codes"]
    assert len(codes) == 10 and all(one in told.content.decode() for one in codes)
    again = browser.get(PAGE).content.decode()
    assert codes[0] not in again and second_factors.typed_key(factor) not in again
    assert browser.get(INDEX).status_code == 200
    assert AuditEntry.objects.filter(action="user.second_factor_added", user=alice).count() == 1


def test_guessed_codes_are_in_the_trail_once_a_minute(alice: User) -> None:
    give_factor(alice)
    for seconds in (0, 2, 30, 90):
        with pytest.raises(second_factors.CodeRefused):
            second_factors.take(alice, "000000", now=NOW + timedelta(seconds=seconds))
    told = AuditEntry.objects.filter(action="login.failed", object_id=alice.pk)
    assert list(told.values_list("user", flat=True)) == [None, None]


def test_a_wrong_code_switches_nothing_on(alice: User) -> None:
    browser = logged_in(alice)
    browser.post(PAGE, {"act": "begin"})
    assert browser.post(PAGE, {"act": "confirm", "code": "000000x"}).status_code == 403
    assert not SecondFactor.objects.get(user=alice).confirmed


def test_a_login_asks_for_the_code_and_then_goes_where_one_wanted(alice: User) -> None:
    factor = give_factor(alice)
    browser = logged_in(alice)
    asked = browser.get("/admin/media/mediafile/?view=ledger")
    assert asked.status_code == 302 and asked["Location"].startswith(f"{CODE}?next=%2Fadmin%2Fmedia")
    assert "Code from your phone" in browser.get(asked["Location"]).content.decode()
    key = browser.session.session_key
    let_in = browser.post(CODE, {"code": code_at(factor), "next": "/admin/media/mediafile/?view=ledger"})
    assert (let_in.status_code, let_in["Location"]) == (302, "/admin/media/mediafile/?view=ledger")
    assert browser.session.session_key != key
    assert browser.get(INDEX).status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_code_leads_nowhere_else(alice: User, target: str) -> None:
    factor = give_factor(alice)
    browser = logged_in(alice)
    assert browser.post(CODE, {"code": code_at(factor), "next": target})["Location"] == INDEX


def test_a_code_works_once(alice: User) -> None:
    factor = give_factor(alice)
    code = code_at(factor)
    assert logged_in(alice).post(CODE, {"code": code}).status_code == 302
    assert logged_in(alice).post(CODE, {"code": code}).status_code == 403


def test_a_recovery_code_works_once_however_it_is_typed(alice: User) -> None:
    codes: list[str] = []
    give_factor(alice, codes=codes)
    assert second_factors.take(alice, f"  {codes[3].upper()} ", now=NOW)
    with pytest.raises(second_factors.CodeRefused):
        second_factors.take(alice, codes[3], now=NOW)
    assert len(SecondFactor.objects.get(user=alice).recovery_codes) == 9


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phone_may_be_half_a_minute_off(alice: User, steps: int, taken: bool) -> None:
    code = code_at(give_factor(alice), NOW, steps)
    if taken:
        assert second_factors.take(alice, code, now=NOW)
    else:
        with pytest.raises(second_factors.CodeRefused):
            second_factors.take(alice, code, now=NOW)


def test_guesses_wait_longer_and_longer_but_never_for_good(alice: User) -> None:
    factor, now, waits = give_factor(alice), NOW, []
    for _ in range(14):
        with pytest.raises(second_factors.CodeRefused):
            second_factors.take(alice, "12345", now=now)
        with pytest.raises(second_factors.GuessedTooOften) as refused:
            second_factors.take(alice, code_at(factor, now), now=now)
        waits.append(refused.value.seconds)
        now += timedelta(seconds=refused.value.seconds)
    assert waits[:4] == [2, 3, 5, 9]
    assert max(waits) == waits[-1] == 901
    assert second_factors.take(alice, code_at(factor, now), now=now)


def test_it_is_switched_off_with_a_code_only(alice: User) -> None:
    codes: list[str] = []
    give_factor(alice, codes=codes)
    browser = logged_in(alice)
    browser.post(CODE, {"code": codes[0]})
    assert browser.post(PAGE, {"act": "off", "code": "wrong"}).status_code == 403
    SecondFactor.objects.update(throttling_failure_count=0)
    assert browser.post(PAGE, {"act": "off", "code": codes[1]}).status_code == 302
    assert not SecondFactor.objects.exists()
    assert browser.get(INDEX).status_code == 200


def test_new_recovery_codes_end_the_old_ones(alice: User) -> None:
    codes: list[str] = []
    give_factor(alice, codes=codes)
    browser = logged_in(alice)
    browser.post(CODE, {"code": codes[0]})
    fresh = browser.post(PAGE, {"act": "renew", "code": codes[1]}).context["codes"]
    assert AuditEntry.objects.filter(action="user.recovery_codes_made", user=alice).count() == 1
    with pytest.raises(second_factors.CodeRefused):
        second_factors.take(alice, codes[2], now=NOW)
    assert second_factors.take(alice, fresh[0], now=NOW + timedelta(minutes=1))


def test_the_key_is_encrypted_and_recovery_codes_are_hashes(alice: User) -> None:
    codes: list[str] = []
    factor = give_factor(alice, codes=codes)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, recovery_codes FROM accounts_secondfactor")
        stored = str(cursor.fetchall())
    assert factor.key not in stored
    assert not any(one in stored for one in codes)


def test_an_administrator_removes_it_and_that_is_noted(browser_of: LogIn, alice: User) -> None:
    give_factor(alice)
    chosen = {"action": "remove_second_factors", "_selected_action": [alice.pk]}
    assert browser_of("root").post("/admin/accounts/user/", chosen).status_code == 302
    assert not SecondFactor.objects.exists()
    entry = AuditEntry.objects.get(action="user.second_factor_removed")
    assert (entry.username, entry.object_id) == ("root", alice.pk)


@pytest.mark.parametrize(
    ("rule", "name", "must"),
    [
        ("none", "root", False),
        ("superusers", "root", True),
        ("superusers", "alice", False),
        ("staff", "alice", True),
    ],
)
def test_the_rule_makes_people_set_one_up(
    settings: Settings, browser_of: LogIn, rule: str, name: str, must: bool
) -> None:
    settings.SECOND_FACTOR_REQUIRED = rule
    browser = browser_of(name)
    answer = browser.get(INDEX)
    assert (answer.status_code == 302) is must
    assert (browser.get("/api/v1/me/").status_code == 401) is must
    if must:
        assert "asks everybody with your rights" in browser.get(PAGE).content.decode()


def test_who_has_to_set_one_up_is_let_in_by_doing_so(settings: Settings, browser_of: LogIn) -> None:
    settings.SECOND_FACTOR_REQUIRED = "staff"
    browser = browser_of("bob")
    browser.post(PAGE, {"act": "begin"})
    browser.post(PAGE, {"act": "confirm", "code": code_at(SecondFactor.objects.get())})
    assert browser.get(INDEX).status_code == 200


def log_in(**facts: Any) -> Any:
    facts = {"username": "alice", "password": PASSWORD} | facts
    return Browser().post("/api/v1/auth/login/", facts, content_type="application/json")


def test_a_login_of_the_api_needs_the_code_too(alice: User) -> None:
    factor = give_factor(alice)
    needed, wrong = log_in(), log_in(otp="123")
    assert (needed.status_code, needed.json()["code"]) == (401, "second_factor_needed")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "second_factor_wrong")
    guessed = log_in(otp=code_at(factor))
    assert (guessed.status_code, guessed.json()["code"]) == (429, "throttled")
    assert int(guessed["Retry-After"]) <= 2
    SecondFactor.objects.update(throttling_failure_count=0)
    assert log_in(otp=code_at(factor)).status_code == 201


def test_of_a_wrong_password_the_second_factor_is_not_told(alice: User) -> None:
    give_factor(alice)
    assert log_in(password="wrong").json()["code"] == "login_failed"


def test_a_login_of_the_api_is_refused_until_one_is_set_up(alice: User, settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = "staff"
    refused = log_in()
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_not_set_up")


def test_tokens_go_on_working(alice: User, acme: Rows) -> None:
    caller = bearing(alice, acme.client)
    give_factor(alice)
    assert caller.get("/api/v1/me/").status_code == 200


def test_a_ticket_of_the_stream_ends_when_it_is_switched_on(alice: User) -> None:
    before = tickets.issue(alice, None)
    assert tickets.holder(before)
    give_factor(alice)
    assert tickets.holder(before) is None
    assert tickets.holder(tickets.issue(User.objects.get(pk=alice.pk), None))


def test_the_command_takes_away_a_lost_one_and_notes_it(
    alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    give_factor(alice)
    call_command("reset_second_factor", "alice")
    assert "by password alone" in capsys.readouterr().out
    assert not SecondFactor.objects.filter(user=alice).exists()
    entry = AuditEntry.objects.get(action="user.second_factor_removed")
    assert (entry.object_id, entry.user, entry.via) == (alice.pk, None, "command")
    assert logged_in(alice).get(INDEX).status_code == 200


@pytest.mark.parametrize(
    ("name", "sentence"), [("nobody", "no user 'nobody'"), ("alice", "no second factor")]
)
def test_the_command_says_where_there_is_nothing_to_take(alice: User, name: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("reset_second_factor", name)
