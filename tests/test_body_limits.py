"""Bodies that are too long, in too many parts, or without an end."""

import asyncio
import json
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.test import Client as Browser
from pytest_django import Settings

from accounts.middleware.body_limits import most_of
from multichat.bounded import bounded
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival, static_files_as_they_are

__all__ = ["acme", "browser_of", "people", "rival", "static_files_as_they_are"]

FORM = "multipart/form-data; boundary=x"
pytestmark = pytest.mark.django_db


class Unread:
    """A body that must not be touched."""

    def read(self, *_: Any) -> bytes:
        pytest.fail("The body was read.")

    readline = read


def send_unread(path: str, length: int, content_type: str, browser: Browser | None = None) -> Any:
    facts: Any = {"CONTENT_LENGTH": str(length), "CONTENT_TYPE": content_type, "wsgi.input": Unread()}
    return (browser or Browser()).generic("POST", path, **facts)


def test_a_file_longer_than_we_take_is_refused_unread(
    acme: Rows, browser_of: LogIn, settings: Settings
) -> None:
    settings.MEDIA_MAX_BYTES = 10
    path = f"/api/v1/conversations/{acme.conversation.pk}/messages/"
    refused = send_unread(path, 10 + 1024**2 + 1, FORM, browser_of("alice"))
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert refused["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/second-factor/code/", "/language/", "/nowhere/"])
def test_no_page_takes_a_file_from_anybody(path: str) -> None:
    assert send_unread(path, 5 * 1024**2, FORM).status_code == 413


def test_a_stranger_cannot_make_us_keep_a_file(acme: Rows) -> None:
    path = f"/api/v1/conversations/{acme.conversation.pk}/messages/"
    assert send_unread(path, 500 * 1024**2, FORM).status_code == 401


@pytest.mark.parametrize("length", ["", "-1", "no number", "9" * 30])
def test_a_length_that_is_none_reads_nothing(length: str) -> None:
    facts: Any = {"CONTENT_LENGTH": length, "CONTENT_TYPE": "application/json", "wsgi.input": Unread()}
    assert Browser().generic("POST", "/api/v1/auth/login/", **facts).status_code in (400, 413)


def upload(browser: Browser, rows: Rows, body: bytes) -> Any:
    path = f"/api/v1/conversations/{rows.conversation.pk}/messages/"
    return browser.generic("POST", path, body, content_type=FORM)


def test_too_many_parts_are_refused(acme: Rows, browser_of: LogIn) -> None:
    field = b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n1\r\n'
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%d.txt"\r\n\r\n1\r\n'
    alice = browser_of("alice")
    for part, count in ((field, 1200), (file, 150)):
        body = b"".join(part % number for number in range(count)) + b"--x--\r\n"
        assert upload(alice, acme, body).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b'--x\r\nContent-Disposition: form-data; name="' + b"a" * 100_000,
        b"--x\r\n" + b"X-Endless: " + b"a" * 200_000,
        b"--x\r\n" + b"A: b\r\n" * 20_000,
        b"--" + b"x" * 100_000,
        b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
        + b"a" * (5 * 1024**2)
        + b"\r\n--x--\r\n",
        b"",
    ],
)
def test_a_part_without_an_end_is_refused(body: bytes, acme: Rows, browser_of: LogIn) -> None:
    assert upload(browser_of("alice"), acme, body).status_code in (400, 413)


def play(path: str, messages: list[Any], headers: dict[str, str]) -> tuple[list[Any], int]:
    """What is sent back, and how many of the messages were taken."""
    sent: list[Any] = []
    left = list(messages)

    async def receive() -> Any:
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "method": "POST", "query_string": b"", "headers": raw}
    asyncio.run(ASGIHandler().handle(scope, bounded(scope, receive, send), send))
    return sent, len(messages) - len(left)


def chunks(count: int, size: int) -> list[Any]:
    return [{"type": "http.request", "body": b"x" * size, "more_body": True} for _ in range(count)]


def test_a_body_without_a_length_is_taken_as_far_as_it_may_go(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    sent, taken = play("/api/v1/stream/", chunks(50, 100), {"transfer-encoding": "chunked"})
    assert (sent[0]["status"], taken) == (413, 11)


def test_a_length_that_is_too_long_is_refused_at_once(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    sent, taken = play("/api/v1/stream/", chunks(5, 100), {"content-length": "1001"})
    assert (sent[0]["status"], taken) == (413, 0)


def test_only_forms_of_the_api_may_be_long(settings: Settings) -> None:
    settings.MEDIA_MAX_BYTES = 10**9
    assert most_of("/api/v1/conversations/1/messages/", " Multipart/Form-Data; boundary=x") > 10**9
    assert most_of("/api/v1/conversations/1/messages/", "application/json") < 10**7
    assert most_of("/admin/login/", FORM) < 10**7
    assert json.dumps(most_of("/webhook/receive/x/", FORM)).isdigit()
