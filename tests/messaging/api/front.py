"""A front end that one of the people uses, and what a page of it needs."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from accounts.models import Change
from messaging.models import Contact, ContactAlias, Conversation, Message
from tests.simulator.samples import bytes_of
from tests.tenants import LogIn, Rows, make_message

BASE = "/api/v1/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Front:
    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def get(self, path: str, expect: int = 200, **query: Any) -> Any:
        return self._read(self.browser.get(_address(path), query), expect)

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        sent = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        response = self.browser.generic(
            method, _address(path), sent, content_type="application/json", headers=headers
        )
        return self._read(response, status)

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        return self.ask("POST", path, body, status, **headers)

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        return self.ask("PATCH", path, body, status)

    def upload(self, path: str, status: int = 201, key: str = "", **fields: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return self._read(self.browser.post(_address(path), fields, headers=headers), status)

    def pages(self, path: str, link: str = "next", **query: Any) -> list[Any]:
        """Every page that the links lead to."""
        found = [self.get(path, **query)]
        while found[-1][link]:
            found.append(self.get(found[-1][link]))
        return found

    def _read(self, response: HttpResponse, status: int) -> Any:
        assert response.status_code == status, response.content[:2000]
        self.response = response
        return json.loads(response.content) if response.content else None


def _address(path: str) -> str:
    return path if path.startswith(("http", "/")) else BASE + path


@pytest.fixture
def front(browser_of: LogIn) -> Callable[[str], Front]:
    return lambda name: Front(browser_of(name))


@pytest.fixture
def thread(acme: Rows) -> Conversation:
    return make_conversation(acme, 1)


@pytest.fixture
def path(thread: Conversation) -> str:
    return f"conversations/{thread.pk}/messages/"


def sample(name: str, mimetype: str = "") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, bytes_of(name), mimetype)


def ids(page: Any) -> list[int]:
    return [row["id"] for row in page["results"]]


def errors(problem: Any) -> dict[str, str]:
    """The codes of a problem's errors by field."""
    return {error["field"]: error["code"] for error in problem["errors"]}


def told(topic: str) -> list[tuple[str, int]]:
    rows = Change.objects.filter(topic=topic).order_by("id")
    return [(row.type, row.object_id) for row in rows]


def make_conversation(rows: Rows, number: int, **facts: Any) -> Conversation:
    contact = Contact.objects.create(client=rows.client, name=f"Person {number:03}")
    phone = f"55119{number:08}"
    ContactAlias.objects.create(client=rows.client, contact=contact, kind="phone", value=phone)
    facts = {"last_message_at": NOON + timedelta(minutes=number), "chat_id": phone} | facts
    return Conversation.objects.create(instance=rows.instance, contact=contact, **facts)


def write(conversation: Conversation, count: int, minutes: float = 1, **facts: Any) -> list[Message]:
    """Oldest first; with no minutes between them all have the same time."""
    return [
        make_message(
            conversation,
            text=f"text {number}",
            sent_at=NOON + timedelta(minutes=minutes * number),
            provider_message_id=f"{conversation.pk}-{number}",
            **facts,
        )
        for number in range(count)
    ]
