import json
from typing import Any

import pytest
from django.urls import reverse

from messaging.bodies import LONGEST, readable
from messaging.models import WebhookEvent
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival, static_files_as_they_are  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
EVENTS = "/admin/messaging/webhookevent/"


def again(event: WebhookEvent) -> str:
    return reverse("admin:messaging_webhookevent_act", args=[event.pk, "process-again"])


def state(event: WebhookEvent) -> str:
    event.refresh_from_db()
    return event.state


@pytest.mark.parametrize(
    ("name", "status", "left"),
    [("alice", 302, "pending"), ("bob", 403, "failed"), ("charlie", 404, "failed")],
)
def test_an_operator_has_an_event_processed_again(
    name: str, status: int, left: str, acme: Rows, browser_of: LogIn
) -> None:
    assert browser_of(name).post(again(acme.event)).status_code == status
    assert state(acme.event) == left


@pytest.mark.parametrize(("name", "left"), [("alice", "pending"), ("bob", "failed"), ("charlie", "failed")])
def test_the_action_has_events_processed_again(name: str, left: str, acme: Rows, browser_of: LogIn) -> None:
    sent = {"action": "process_again_action", "_selected_action": [acme.event.pk], "index": 0}
    browser_of(name).post(EVENTS, sent)
    assert state(acme.event) == left


@pytest.mark.parametrize(("name", "status"), [("mona", 403), ("root", 302)])
def test_only_root_deletes_an_event(name: str, status: int, acme: Rows, browser_of: LogIn) -> None:
    address = f"{EVENTS}{acme.event.pk}/delete/"
    assert browser_of(name).post(address, {"post": "yes"}).status_code == status
    assert browser_of(name).get(f"{EVENTS}add/").status_code == 403
    assert WebhookEvent.objects.filter(pk=acme.event.pk).exists() is (status == 403)


@pytest.mark.parametrize(("source", "shown"), [(None, False), ("spool", True), ("backfill", True)])
def test_an_event_tells_from_where_it_was_taken_in(
    source: str | None, shown: bool, acme: Rows, browser_of: LogIn
) -> None:
    WebhookEvent.objects.filter(pk=acme.event.pk).update(source=source)
    page = browser_of("mona").get(f"{EVENTS}{acme.event.pk}/change/").content.decode()
    assert ("Taken in from" in page) is shown
    told = browser_of("mona").get(f"/api/v1/webhook-events/{acme.event.pk}/").json()
    assert told["source"] == source


def test_an_event_tells_its_body_and_error(acme: Rows, browser_of: LogIn) -> None:
    text = browser_of("bob").get(f"{EVENTS}{acme.event.pk}/change/").content.decode()
    for shown in ("Acme went wrong", "&quot;caption&quot;: &quot;hello&quot;", "… (32 bytes)"):
        assert shown in text
    assert "Process again" not in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"mediaKey": "AAAA"}, {"mediaKey": "… (3 bytes)"}),
        ({"a": [{"media_key": [1, 2]}]}, {"a": [{"media_key": "… (2 bytes)"}]}),
        ({"JPEGThumbnail": {"0": 1, "1": 2}}, {"JPEGThumbnail": "… (2 bytes)"}),
        ({"token": 5, "mediakey": ""}, {"token": "…", "mediakey": ""}),
        ({"text": "hello"}, {"text": "hello"}),
    ],
)
def test_keys_and_pictures_are_left_out(value: Any, shown: Any) -> None:
    assert json.loads(readable(json.dumps(value).encode())) == shown


def test_any_body_can_be_shown() -> None:
    assert readable(b"\xff\xfe") == "Not JSON: 2 bytes."
    assert readable(b'{"text": "\\ud800"}').encode() == b'{\n  "text": "?"\n}'
    assert readable(b"[" * 100_000 + b"]" * 100_000) == "Nested too deeply to be shown: 200000 bytes."
    assert len(readable(json.dumps(["x" * 3000] * 200).encode())) < LONGEST + 100
