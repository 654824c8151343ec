"""What Sentry is told of an error: where it happened and ids, never what was said or who may come in."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
import structlog
from django.http import HttpRequest
from django.test import Client as Browser
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from pytest_django import Settings
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from multichat import sentry

CANARIES = ("t0ken-canary", "oi, tudo bem", "k3y-canary", "c00kie-canary", "5511900001234")
KEPT: list[Any] = []
log = structlog.get_logger("media.tests")


class Stub(Transport):
    def capture_envelope(self, envelope: Envelope) -> None:
        KEPT.extend(item.payload.json for item in envelope.items if item.type == "event")


@pytest.fixture
def told() -> Iterator[list[Any]]:
    KEPT.clear()
    sentry.begin("https://public@sentry.example.com/1", "tests", "1.2", transport=Stub)
    try:
        yield KEPT
    finally:
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)


def breaks(request: HttpRequest, **_: str) -> None:
    token = "-".join(("t0ken", "canary"))
    raise ValueError(f"{request.body!r} {token}")


urlpatterns = [path("webhook/receive/<str:webhook_key>/", csrf_exempt(breaks))]


def test_without_an_address_nothing_begins() -> None:
    sentry.begin("", "tests", "")
    assert not sentry_sdk.get_client().is_active()


@pytest.mark.django_db
def test_a_request_that_breaks_tells_no_word_of_it(told: list[Any], settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    browser = Browser(raise_request_exception=False)
    browser.cookies["sessionid"] = "c00kie-canary"
    browser.post(
        "/webhook/receive/k3y-canary/?phone=5511900001234",
        b"oi, tudo bem",
        content_type="text/plain",
        headers={"Authorization": "Bearer t0ken-canary"},
    )
    (event,) = [one for one in told if one.get("exception")]
    text = json.dumps(told)
    assert [canary for canary in CANARIES if canary in text] == []
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "")
    assert error["stacktrace"]["frames"][-1]["function"] == "breaks"
    assert (event["environment"], event["release"]) == ("tests", "1.2")


def test_a_line_of_ours_is_told_by_its_name_and_ids(told: list[Any]) -> None:
    log.error("fetch failed with a bug", media_file=7, traceback="oi, tudo bem", url="https://x/k3y-canary")
    (event,) = told
    assert event["logentry"]["message"] == "fetch failed with a bug"
    assert event["extra"]["media_file"] == 7
    assert [canary for canary in CANARIES if canary in json.dumps(event)] == []


def test_what_a_library_logs_is_not_repeated(told: list[Any]) -> None:
    logging.getLogger("urllib3.example").error("oi, tudo bem %s", "t0ken-canary")
    assert [canary for canary in CANARIES if canary in json.dumps(told)] == []
