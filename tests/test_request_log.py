"""Every request leaves one line, with an id that the answer names, and no word that is a credential."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser
from django.urls import reverse
from structlog.testing import capture_logs

from accounts import metrics
from accounts.models import ApiToken
from messaging.models import WebhookEvent
from multichat.logs import _drop_keys, usual_format
from multichat.request_log import RequestLog
from tests.telling import make_wapi, post
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival

__all__ = ["acme", "browser_of", "people", "rival"]
KEY = "k3y-0f-a-webh00k"


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as found:
        yield found


def the_line(lines: list[Any]) -> dict[str, Any]:
    (line,) = [one for one in lines if one["event"] == "request"]
    return line


@pytest.mark.django_db
def test_a_request_has_an_id_that_its_answer_names() -> None:
    answer = Browser().get("/admin/login/")
    assert len(answer["X-Request-ID"]) == 32


@pytest.mark.django_db
def test_a_proxys_id_is_kept() -> None:
    assert (
        Browser().get("/admin/login/", headers={"X-Request-ID": "abc-123.DEF"})["X-Request-ID"]
        == "abc-123.DEF"
    )


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["short", "a" * 65, 'a"b-injected', "with space here", "ação-12345"])
def test_an_id_that_might_do_harm_is_replaced(given: str) -> None:
    answer = Browser().get("/admin/login/", HTTP_X_REQUEST_ID=given)
    assert len(answer["X-Request-ID"]) == 32


@pytest.mark.django_db
def test_a_line_names_the_route_and_never_the_path(lines: list[Any]) -> None:
    Browser().post(f"/webhook/receive/{KEY}/", b"{}", content_type="application/json")
    line = the_line(lines)
    assert (line["method"], line["route"], line["status"]) == ("POST", "webhook", 404)
    assert KEY not in str(lines)


@pytest.mark.django_db
def test_the_line_of_a_webhook_names_its_event(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    instance = make_wapi()
    answer = post(instance, b'{"instanceId": "%s", "event": "x"}' % instance.instance_id.encode())
    event = WebhookEvent.objects.get()
    (line,) = [one.msg for one in caplog.records if one.name == "multichat.request"]
    assert (line["webhook_event"], line["instance"]) == (event.pk, instance.pk)
    assert line["request_id"] == answer["X-Request-ID"]


def test_a_session_and_a_token_are_told_by_their_ids(
    acme: Rows, people: Any, browser_of: LogIn, lines: list[Any]
) -> None:
    browser_of("alice").get(reverse("admin:index"))
    token = ApiToken.issue(user=people["alice"], client=acme.client, name="t")[1]
    Browser().get("/api/v1/conversations/", headers={"Authorization": f"Bearer {token}"})
    first, second = [one for one in lines if one["event"] == "request"]
    assert first["user"] == people["alice"].pk and "client" not in first
    assert (second["user"], second["client"]) == (people["alice"].pk, acme.client.pk)


def test_a_method_of_somebodys_own_is_no_label(lines: list[Any]) -> None:
    request = HttpRequest()
    request.method, request.path = "BREW", "/nowhere/"
    RequestLog(lambda request: HttpResponse(status=404))(request)
    assert the_line(lines)["method"] == "other"
    assert 'route="none"' in exposed() and "BREW" not in exposed()


def exposed() -> str:
    return (
        str([sample for metric in metrics.registry.collect() for sample in metric.samples])
        .replace("'", '"')
        .replace('"route": ', "route=")
    )


@pytest.mark.parametrize("path", [f"/webhook/receive/{KEY}/", f"/api/v1/media/links/{KEY}/"])
def test_djangos_own_lines_lose_the_credential(path: str) -> None:
    told = _drop_keys(
        None, "error", {"event": f"Internal Server Error: {path}", "exception": f"at '{path}' in x"}
    )
    assert KEY not in str(told)
    assert told["event"].startswith("Internal Server Error: /")


@pytest.mark.parametrize(
    ("terminal", "debug", "chosen"),
    [(True, False, "console"), (False, False, "json"), (False, True, "console")],
)
def test_people_at_a_terminal_read_lines_and_services_write_json(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, debug: bool, chosen: str
) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    assert usual_format(debug=debug) == chosen
