"""The stream where none can be held open, and the tickets that open it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings
from rest_framework.request import Request
from time_machine import TimeMachineFixture

from accounts.logins import tickets
from accounts.models import ApiToken, Change, User
from messaging.api.stream import _session
from tests.messaging.api.front import Front
from tests.messaging.api.test_changes import People, start, tell
from tests.tenants import LogIn, Rows

__all__ = ["start"]
pytestmark = pytest.mark.django_db

STREAM = "/api/v1/stream/"


def listen(browser: Any, expect: int = 200, **query: Any) -> tuple[list[str], Any]:
    headers = {"Accept": "text/event-stream"} | query.pop("headers", {})
    response = browser.get(STREAM, query, headers=headers)
    assert response.status_code == expect
    if not response.streaming:
        return [], response
    return b"".join(response.streaming_content).decode().split("\n\n"), response


def names(blocks: list[str]) -> list[str]:
    return [line[7:] for block in blocks for line in block.split("\n") if line.startswith("event: ")]


def ids(blocks: list[str]) -> list[int]:
    return [int(line[4:]) for block in blocks for line in block.split("\n") if line.startswith("id: ")]


def test_it_begins_now_with_a_cursor(browser_of: LogIn, start: int) -> None:
    blocks, response = listen(browser_of("bob"))
    assert blocks == ["retry: 1000", f'id: {start}\nevent: hello\ndata: {{"cursor":"{start}"}}', ""]
    assert response["Content-Type"] == "text/event-stream"
    assert (response["Cache-Control"], response["X-Accel-Buffering"]) == ("no-cache", "no")


def test_it_goes_on_after_the_last_event_and_ends(
    browser_of: LogIn, start: int, acme: Rows, rival: Rows
) -> None:
    told, others = [tell(acme), tell(acme)], tell(rival)
    blocks, _ = listen(browser_of("bob"), after=0, headers={"Last-Event-ID": str(start)})
    assert names(blocks) == ["message.updated"] * 2
    assert ids(blocks) == [*told, others]
    again, _ = listen(browser_of("bob"), after=others)
    assert (names(again), ids(again)) == ([], [others])


def test_a_cursor_that_is_too_old_is_a_reset(browser_of: LogIn, start: int, acme: Rows) -> None:
    told = [tell(acme) for _ in range(3)]
    Change.objects.filter(pk__lt=told[-1]).delete()
    blocks, _ = listen(browser_of("bob"), after=start)
    assert (names(blocks), ids(blocks)) == (["reset"], [told[-1]])


def test_an_error_is_a_problem_and_no_stream(browser_of: LogIn, start: int) -> None:
    _, response = listen(browser_of("bob"), 400, after="x")
    assert response["Content-Type"] == "application/problem+json"
    _, response = listen(Browser(), 401)
    assert response.json()["code"] == "not_authenticated"


def ticket_of(front: Front) -> str:
    return str(front.post("stream/ticket/", status=201)["ticket"])


def test_a_ticket_opens_it_without_cookie_or_header(
    front: Callable[[str], Front], settings: Settings, start: int
) -> None:
    settings.STREAM_BASE_URL = "http://127.0.0.1:8001"
    made = front("bob").post("stream/ticket/", status=201)
    assert made["url"] == f"http://127.0.0.1:8001{STREAM}"
    blocks, _ = listen(Browser(), ticket=made["ticket"])
    assert names(blocks) == ["hello"]


def test_a_ticket_is_as_narrow_as_the_token_it_came_from(
    people: People, start: int, acme: Rows, rival: Rows
) -> None:
    _, key = ApiToken.issue(user=people["root"], client=rival.client, role="viewer", name="wall")
    browser = Browser(headers={"Authorization": f"Bearer {key}"})
    tell(acme)
    last = tell(rival)
    blocks, _ = listen(Browser(), ticket=ticket_of(Front(browser)), after=start)
    assert ids(blocks) == [last, last]


def revoke_token(user: User) -> None:
    ApiToken.objects.update(revoked_at=timezone.now())


def change_password(user: User) -> None:
    user.set_password("another-word")
    user.save()


def switch_off(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("end", [revoke_token, switch_off])
def test_a_ticket_ends_with_its_token(end: Callable[[User], None], people: People, acme: Rows) -> None:
    _, key = ApiToken.issue(user=people["bob"], client=acme.client, role="viewer", name="wall")
    ticket = ticket_of(Front(Browser(headers={"Authorization": f"Bearer {key}"})))
    listen(Browser(), 200, ticket=ticket)
    end(people["bob"])
    listen(Browser(), 401, ticket=ticket)


@pytest.mark.parametrize("end", [change_password, switch_off])
def test_a_ticket_without_a_token_ends_with_the_password(
    end: Callable[[User], None], people: People, front: Callable[[str], Front]
) -> None:
    ticket = ticket_of(front("bob"))
    listen(Browser(), 200, ticket=ticket)
    end(people["bob"])
    listen(Browser(), 401, ticket=ticket)


def test_a_ticket_is_over_after_an_hour(
    front: Callable[[str], Front], time_machine: TimeMachineFixture
) -> None:
    ticket = ticket_of(front("bob"))
    nearly = timezone.now() + tickets.LIFETIME - timedelta(minutes=1)
    time_machine.move_to(nearly)
    listen(Browser(), 200, ticket=ticket)
    time_machine.move_to(nearly + timedelta(minutes=2))
    listen(Browser(), 401, ticket=ticket)


@pytest.mark.parametrize("ticket", ["x", "x:y:z", "\0", "é" * 500, "e30:1:a"])
def test_a_made_up_ticket_opens_nothing(ticket: str, people: People) -> None:
    _, response = listen(Browser(), 401, ticket=ticket)
    assert response["WWW-Authenticate"] == "Bearer"


def test_our_own_pages_may_bring_their_session_to_another_port(
    browser_of: LogIn, settings: Settings, start: int
) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    own, foreign = ({"Origin": f"http://127.0.0.1:{port}"} for port in (8000, 9000))
    _, response = listen(browser_of("bob"), headers=own)
    assert response["Access-Control-Allow-Origin"] == own["Origin"]
    assert response["Access-Control-Allow-Credentials"] == "true"
    _, response = listen(browser_of("bob"), headers=foreign)
    assert "Access-Control-Allow-Origin" not in response


def test_an_empty_ticket_does_not_hide_the_session(start: int, browser_of: LogIn, rf: Any) -> None:
    """A stream that is not known to belong to a session would outlive its logout."""
    request = Request(rf.get(STREAM, {"ticket": ""}))
    request._request.session = browser_of("bob").session
    assert _session(request) == request.session.session_key


def test_only_get_opens_it(browser_of: LogIn) -> None:
    assert browser_of("bob").head(STREAM).status_code == 405
    assert browser_of("bob").post(STREAM).status_code in (403, 405)
