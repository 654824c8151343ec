"""Statuses, connections and presence of W-API."""

import json
from typing import Any

import pytest

from accounts.providers.events import ConnectionChanged, Event, Ignored, MessageStatus, StatusChanged
from accounts.providers.wapi import webhooks
from tests.loading import payload

LITE = "LITE-AB12CD-EF34GH"


def parsed(name: str, **changes: Any) -> Event:
    (event,) = webhooks.parse(json.dumps(payload("wapi", name) | changes).encode())
    return event


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("SERVER", MessageStatus.SENT),
        ("SENT", MessageStatus.SENT),
        ("DELIVERY", MessageStatus.DELIVERED),
        ("RECEIVED", MessageStatus.DELIVERED),
        ("DELIVERY_ACK", MessageStatus.DELIVERED),
        ("READ", MessageStatus.READ),
        ("read_self", MessageStatus.READ),
        ("PLAYED", MessageStatus.PLAYED),
        ("PENDING", MessageStatus.SENDING),
        ("ERROR", MessageStatus.FAILED),
        ("FAILED", MessageStatus.FAILED),
        (0, MessageStatus.FAILED),
        (1, MessageStatus.SENDING),
        (2, MessageStatus.SENT),
        ("3", MessageStatus.DELIVERED),
        (4, MessageStatus.READ),
        (5, MessageStatus.PLAYED),
    ],
)
def test_a_status_word_has_one_meaning(word: object, status: MessageStatus) -> None:
    event = parsed("09", status=word)
    assert isinstance(event, StatusChanged) and event.status is status


def test_a_status_for_several_messages_gives_one_change_each() -> None:
    body = payload("wapi", "09") | {"ids": ["A1", "A2", None], "messageId": None}
    events = webhooks.parse(json.dumps(body).encode())
    assert [event.message_id for event in events if isinstance(event, StatusChanged)] == ["A1", "A2"]


def test_a_groups_status_names_the_member() -> None:
    event = parsed("09", chat={"id": "120363000000000001@g.us"}, participant="100000000033333@lid")
    assert isinstance(event, StatusChanged) and event.participant == "100000000033333@lid"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "DANCING"}, "status DANCING"),
        ({"status": None}, "status without a word"),
        ({"messageId": ""}, "a status that names no message"),
        ({"chat": {"id": "status"}}, "the status of a story"),
    ],
)
def test_a_status_that_says_nothing_is_ignored(changes: dict[str, Any], reason: str) -> None:
    assert parsed("09", **changes) == Ignored(line_id=LITE, reason=reason)


@pytest.mark.parametrize("name", ["webhookPresence", "webhookChatPresence"])
def test_named_presence_is_ignored(name: str) -> None:
    assert parsed("12", event=name) == Ignored(line_id=LITE, reason="presence")


def test_an_event_we_do_not_know_is_ignored_by_its_name() -> None:
    assert parsed("12", event="webhookCall") == Ignored(line_id=LITE, reason="event webhookCall")
    assert parsed("12", event="webhookStatusX") == Ignored(line_id=LITE, reason="event webhookStatusX")


def test_a_connection_that_says_no_is_none() -> None:
    event = parsed("10", connected=False)
    assert isinstance(event, ConnectionChanged) and not event.connected
