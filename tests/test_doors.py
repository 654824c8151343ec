"""No address lets in who gave the password and not the second factor: every one, taken from the URL configuration."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admindocs.views import simplify_regex
from django.test import Client as Browser
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RegexPattern
from pytest_django import Settings

from accounts.logins import tickets
from accounts.models import SecondFactor, User
from tests.tenants import Rows, acme, make_ready, people, rival, static_files_as_they_are

__all__ = ["acme", "people", "rival", "static_files_as_they_are"]

pytestmark = [pytest.mark.once, pytest.mark.django_db]

CODE, SET_UP = "/admin/second-factor/code/", "/admin/second-factor/"
FOR_PEOPLE = ("/admin/", "/media-files/")
# Logging in, and words of Django's own scripts; the last ones ask for the factor themselves.
OPEN = {"/admin/login/", "/admin/jsi18n/", "/admin/logout/"}
METHODS = ("get", "post", "put", "patch", "delete")


def addresses() -> list[str]:
    return sorted({re.sub(r"<[^>]*>", "1", f"/{path}") for path in _paths(get_resolver().url_patterns)})


def _paths(patterns: Any, prefix: str = "") -> Iterator[str]:
    for found in patterns:
        text = str(found.pattern)
        is_regex = isinstance(found.pattern, RegexPattern)
        path = prefix + (simplify_regex(text).lstrip("/") if is_regex else text)
        if isinstance(found, URLResolver):
            yield from _paths(found.url_patterns, path)
        else:
            yield path


ALL = addresses()
PAGES = [path for path in ALL if path.startswith(FOR_PEOPLE)]
OTHERS = [path for path in ALL if not path.startswith(FOR_PEOPLE)]


@pytest.fixture
def half(people: dict[str, User]) -> Browser:
    """Root, who has a second factor, after the password."""
    SecondFactor.objects.create(user=people["root"])
    return _half(people["root"])


def _half(user: User) -> Browser:
    browser = Browser(raise_request_exception=False)
    browser.force_login(user)
    return browser


def _led_elsewhere(browser: Browser, page: str, open_pages: set[str]) -> list[str]:
    found = []
    for path in sorted(set(PAGES) - open_pages):
        for method in METHODS:
            answer = getattr(browser, method)(path)
            if not answer.headers.get("Location", "").startswith(f"{page}?"):
                found.append(f"{method} {path}: {answer.status_code}")
    return found


def test_the_addresses_are_those_of_everything() -> None:
    assert len(PAGES) > 60 and len(OTHERS) > 60
    assert set(ALL) >= OPEN


def test_every_page_leads_to_the_one_that_asks_for_the_code(half: Browser) -> None:
    assert _led_elsewhere(half, CODE, OPEN | {CODE}) == []


def test_every_page_leads_to_the_one_where_it_is_set_up(people: dict[str, User], settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = "superusers"
    assert _led_elsewhere(_half(people["root"]), SET_UP, OPEN | {SET_UP}) == []


def test_everywhere_else_one_is_nobody(half: Browser, settings: Settings) -> None:
    settings.API_RATE = ""
    nobody = Browser(raise_request_exception=False)
    different = [
        f"{method} {path}"
        for path in OTHERS
        for method in METHODS
        if getattr(half, method)(path).status_code != getattr(nobody, method)(path).status_code
    ]
    assert different == []


def test_the_login_page_and_the_words_of_scripts_tell_nothing(half: Browser, acme: Rows) -> None:
    for path in sorted(OPEN - {"/admin/logout/"}):
        text = half.get(path).content.decode()
        assert "Acme" not in text and "Log out" not in text


def test_logging_out_is_possible(half: Browser) -> None:
    half.post("/admin/logout/")
    assert half.get("/admin/")["Location"].startswith("/admin/login/")


def test_a_file_is_not_shown(half: Browser, acme: Rows) -> None:
    media_file = make_ready(acme.instance)
    assert half.get(f"/media-files/{media_file.pk}/")["Location"].startswith(CODE)
    assert half.get(f"/api/v1/media/{media_file.pk}/content/").status_code == 401


def test_a_ticket_of_before_opens_no_stream(people: dict[str, User]) -> None:
    before = tickets.issue(people["root"], None)
    SecondFactor.objects.create(user=people["root"])
    assert Browser().get("/api/v1/stream/", {"ticket": before}).status_code == 401


def test_the_factor_of_somebody_else_lets_nobody_in(half: Browser, people: dict[str, User]) -> None:
    other = SecondFactor.objects.create(user=people["mona"])
    session = half.session
    session["otp_device_id"] = other.persistent_id
    session.save()
    assert half.get("/admin/")["Location"].startswith(CODE)


def test_a_factor_that_was_made_anew_is_asked_for_again(half: Browser, people: dict[str, User]) -> None:
    session = half.session
    session["otp_device_id"] = SecondFactor.objects.get().persistent_id
    session.save()
    assert half.get("/admin/").status_code == 200
    SecondFactor.objects.all().delete()
    SecondFactor.objects.create(user=people["root"], pk=10**6)
    assert half.get("/admin/")["Location"].startswith(CODE)
