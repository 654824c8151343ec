"""W-API's log of webhooks, in every shape that it may have."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.providers import errors
from accounts.providers.http import Answer
from accounts.providers.wapi import logs
from accounts.providers.wapi.client import WApi

BODY = {"event": "webhookReceived", "instanceId": "AB12CD-EF34GH-IJ56KL", "messageId": "M1"}
AT = datetime(2026, 9, 30, 12, 0, tzinfo=UTC)


def page(told: Any, number: int = 1) -> Any:
    return logs.page_in(Answer(status=200, headers={}, body=json.dumps(told).encode()), number)


def bodies(told: Any) -> list[Any]:
    return [json.loads(one.body) for one in page(told).webhooks]


@pytest.mark.parametrize("name", ["payload", "body", "webhook", "content", "request", "data"])
@pytest.mark.parametrize("written", [BODY, json.dumps(BODY)], ids=["object", "text"])
def test_a_body_is_found_under_any_of_its_names(name: str, written: Any) -> None:
    assert bodies({"logs": [{"id": 1, name: written}]}) == [BODY]


def test_an_entry_may_be_the_body_itself() -> None:
    assert bodies({"logs": [BODY]}) == [BODY]


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"logs": rows}, lambda rows: {"data": rows},
                                  lambda rows: {"data": {"logs": rows}}, lambda rows: {"webhooks": rows}])  # fmt: skip
def test_a_list_is_found_wherever_it_lies(wrap: Any) -> None:
    assert bodies(wrap([BODY])) == [BODY]


@pytest.mark.parametrize(
    "time",
    ["2026-09-30T12:00:00Z", "2026-09-30T09:00:00-03:00", "2026-09-30T12:00:00", 1790769600, 1790769600000],
)
def test_times_are_read_in_every_spelling(time: Any) -> None:
    assert page({"logs": [{"createdAt": time, "payload": BODY}]}).webhooks[0].sent_at == AT


@pytest.mark.parametrize("time", ["yesterday", None, "", {}, []])
def test_an_entry_without_a_time_is_taken_all_the_same(time: Any) -> None:
    assert page({"logs": [{"createdAt": time, "payload": BODY}]}).webhooks[0].sent_at is None


@pytest.mark.parametrize("entry", [None, 1, "x", [], {}, {"payload": "{"}, {"payload": {"event": "a"}}])
def test_what_names_no_line_is_counted_as_not_readable(entry: Any) -> None:
    found = page({"logs": [entry, {"payload": BODY}]})
    assert (len(found.webhooks), found.unreadable) == (1, 1)


@pytest.mark.parametrize("told", [{}, {"logs": "none"}, "text", 5, None])
def test_an_answer_without_a_list_is_no_answer(told: Any) -> None:
    with pytest.raises(errors.UnexpectedResponse):
        page(told)


@pytest.mark.parametrize(
    ("told", "number", "more"),
    [
        ({"totalPages": 3}, 1, True),
        ({"totalPages": 3}, 3, False),
        ({}, 1, False),
        ({"logs": [BODY] * logs.PER_PAGE}, 1, True),
        ({"logs": [], "totalPages": 9}, 1, False),
    ],
)
def test_it_says_whether_more_pages_follow(told: Any, number: int, more: bool) -> None:
    assert page({"logs": [BODY], **told}, number).more is more


def test_the_cloud_api_has_none_and_w_api_has() -> None:
    assert WApi.abilities.webhook_logs
