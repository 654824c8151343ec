"""How sessions begin and end."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from pytest_django import Settings

from accounts.models import User
from tests.tenants import acme, people, rival, static_files_as_they_are

__all__ = ["acme", "people", "rival", "static_files_as_they_are"]

INDEX, LOGIN = "/admin/", "/admin/login/"
PASSWORD, NEXT = "correct horse battery", "another horse battery"


@pytest.fixture
def alice(people: dict[str, User]) -> User:
    people["alice"].set_password(PASSWORD)
    people["alice"].save()
    return people["alice"]


def log_in(browser: Browser) -> Any:
    return browser.post(LOGIN, {"username": "alice", "password": PASSWORD, "next": INDEX})


def test_a_session_that_was_there_before_is_not_taken_over(alice: User) -> None:
    browser = Browser()
    session = browser.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    browser.cookies["sessionid"] = before
    log_in(browser)
    assert browser.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()


def test_a_new_password_ends_every_other_session(alice: User) -> None:
    here, elsewhere = Browser(), Browser()
    log_in(here)
    log_in(elsewhere)
    changed = {"old_password": PASSWORD, "new_password1": NEXT, "new_password2": NEXT}
    assert here.post("/admin/password_change/", changed).status_code == 302
    assert here.get(INDEX).status_code == 200
    assert elsewhere.get(INDEX).status_code == 302
    assert elsewhere.get("/api/v1/me/").status_code == 401


def test_logging_out_leaves_no_session(alice: User) -> None:
    browser = Browser()
    log_in(browser)
    browser.post("/admin/logout/")
    assert not Session.objects.exists()


def test_a_session_ends_by_itself(alice: User, settings: Settings) -> None:
    settings.SESSION_COOKIE_AGE = 3600
    cookie = log_in(Browser()).cookies["sessionid"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (3600, True, "Lax")
