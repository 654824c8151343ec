"""The file of a message; how files are served at all is told in tests/media/api."""

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Role, User
from messaging.models import Message
from tests.media.api.asking import bearer, body, make_stored, problem
from tests.tenants import (
    PICTURE,
    LogIn,
    Rows,
    acme,
    browser_of,
    make_media_file,
    make_message,
    people,
    rival,
    static_files_as_they_are,
)

__all__ = ["acme", "browser_of", "people", "rival", "static_files_as_they_are"]

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.


def media_of(message: Message) -> str:
    return f"/api/v1/messages/{message.pk}/media/"


@pytest.mark.parametrize("name", ["alice", "bob", "mona", "root"])
def test_the_clients_people_get_a_messages_file(name: str, acme: Rows, browser_of: LogIn) -> None:
    make_stored(acme.media_file)
    assert body(browser_of(name).get(media_of(acme.message))) == PICTURE


def test_another_clients_message_does_not_exist(acme: Rows, browser_of: LogIn) -> None:
    make_stored(acme.media_file)
    assert problem(browser_of("charlie").get(media_of(acme.message))) == (404, "not_found")


def test_a_token_reaches_messages_of_its_client_only(
    acme: Rows, rival: Rows, people: dict[str, User]
) -> None:
    browser, _ = bearer(people["root"], acme.client, Role.VIEWER)
    assert problem(browser.get(media_of(acme.message))) == (410, "not_here")
    assert problem(browser.get(media_of(rival.message))) == (404, "not_found")


def test_without_a_login_there_is_nothing(acme: Rows) -> None:
    assert problem(Browser().get(media_of(acme.message))) == (401, "not_authenticated")


def test_a_message_without_a_file_says_so(acme: Rows, browser_of: LogIn) -> None:
    message = make_message(acme.conversation, text="no picture")
    for query in ("", "?fetch=1"):
        assert problem(browser_of("alice").get(media_of(message) + query)) == (404, "no_media")


def test_each_message_has_its_own_file(acme: Rows, browser_of: LogIn) -> None:
    other = make_message(acme.conversation, media=make_media_file(acme.instance, "expired", error="too late"))
    make_stored(acme.media_file)
    assert browser_of("bob").get(media_of(other)).json()["error"] == "too late"
    assert body(browser_of("bob").get(media_of(acme.message))) == PICTURE


def test_an_operator_asks_for_a_messages_file(acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("alice").get(media_of(acme.message) + "?fetch=1")
    assert problem(response) == (409, "not_here_yet")
    acme.media_file.refresh_from_db()
    assert acme.media_file.state == "pending"


def test_a_viewer_asks_for_nothing(acme: Rows, browser_of: LogIn) -> None:
    assert problem(browser_of("bob").get(media_of(acme.message) + "?fetch=1")) == (403, "permission_denied")
    acme.media_file.refresh_from_db()
    assert acme.media_file.state == "failed"


@pytest.mark.parametrize("pk", ["0", "-1", "x", "9" * 18, "9" * 5000, "1%00", "%ED%A0%BD"])
def test_an_id_of_nothing_is_not_found(pk: str, acme: Rows, browser_of: LogIn) -> None:
    assert browser_of("root").get(f"/api/v1/messages/{pk}/media/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_messages_file_only_reads(method: str, acme: Rows, browser_of: LogIn) -> None:
    assert getattr(browser_of("root"), method)(media_of(acme.message)).status_code == 405


def test_a_file_costs_few_queries(acme: Rows, browser_of: LogIn, django_assert_max_num_queries: Any) -> None:
    make_stored(acme.media_file)
    browser = browser_of("bob")
    with django_assert_max_num_queries(6):
        assert body(browser.get(media_of(acme.message))) == PICTURE
