"""Every error of the API is a problem, whatever went wrong."""

import json
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.api.problems import Problem, answer
from accounts.fields import CannotDecrypt
from accounts.providers import errors
from tests.accounts.api.conftest import Calls
from tests.tenants import Rows

INSTANCES, CLIENTS, LOGIN = "/api/v1/instances/", "/api/v1/clients/", "/api/v1/auth/login/"


def problem_of(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    told = json.loads(response.content)
    assert told["type"] == "about:blank"
    assert told["status"] == response.status_code
    assert told["title"]
    assert told["detail"]
    return response.status_code, told["code"]


def sent(
    caller: APIClient, path: str, body: bytes, content_type: str = "application/json"
) -> tuple[int, str]:
    return problem_of(caller.generic("POST", path, body, content_type=content_type))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b'{"name": NaN}',
        b'{"name": ' + b"1" * 5000 + b"}",
        b"[" * 200_000,
        b'{"a":' * 200_000,
    ],
    ids=["cut", "no text", "no number", "huge number", "deep list", "deep object"],
)
@pytest.mark.parametrize("path", [INSTANCES, LOGIN])
def test_a_body_that_cannot_be_read_is_a_parse_error(body: bytes, path: str, calls: Calls) -> None:
    assert sent(calls("mona"), path, body) == (400, "parse_error")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"5", b"", b"[[[]]]"])
@pytest.mark.parametrize("path", [INSTANCES, LOGIN, "/api/v1/tokens/"])
def test_a_body_that_is_no_object_is_invalid(body: bytes, path: str, calls: Calls) -> None:
    assert sent(calls("mona"), path, body) == (400, "invalid")


def test_a_body_that_is_too_long_is_not_read(calls: Calls, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    for path in (INSTANCES, LOGIN):
        assert sent(calls("mona"), path, b"x" * 101) == (413, "too_large")
    assert sent(calls("mona"), INSTANCES, b"x" * 100) == (400, "parse_error")


def test_other_content_is_not_taken(calls: Calls) -> None:
    mona = calls("mona")
    for kind in (
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/json; charset=zip",
    ):
        assert sent(mona, INSTANCES, b"<a/>", kind) in ((415, "unsupported_media_type"), (400, "parse_error"))


def test_what_is_not_offered_is_said_so(acme: Rows, calls: Calls) -> None:
    mona = calls("mona")
    response = mona.put(f"{CLIENTS}{acme.client.pk}/", {}, format="json")
    assert problem_of(response) == (405, "method_not_allowed")
    assert "PATCH" in response["Allow"]
    assert problem_of(mona.get(CLIENTS, headers={"Accept": "application/xml"})) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "path", ["", "x/", "v1/nothing/", "v2/me/", "v1/me", "v1/clients/1", "v1/clients/x/", "v1/clients/%00/",
             "v1/clients/99999999999999999999/", "v1/clients/-1/", "v1/clients/٣/", "v1/clients/1/members/x/"]
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post", "delete", "options", "head"])
def test_an_address_that_leads_nowhere_is_a_problem(method: str, path: str, db: None) -> None:
    response = getattr(APIClient(), method)(f"/api/{path}")
    if method == "head":
        assert response.status_code == 404
    else:
        assert problem_of(response) == (404, "not_found")


def test_an_id_beyond_the_database_s_numbers_is_unknown(calls: Calls) -> None:
    for pk in ("0", "9" * 18, "000000000000000001"):
        assert problem_of(calls("charlie").get(f"{INSTANCES}{pk}/")) == (404, "not_found")


def test_who_is_nobody_is_told_how_to_log_in(acme: Rows) -> None:
    for path in (
        INSTANCES,
        CLIENTS,
        f"{INSTANCES}{acme.instance.pk}/webhooks/",
        "/api/v1/tokens/",
        "/api/v1/me/",
    ):
        response = APIClient().get(path)
        assert problem_of(response) == (401, "not_authenticated")
        assert response["WWW-Authenticate"] == "Bearer"


def test_too_low_a_role_is_a_problem(acme: Rows, calls: Calls) -> None:
    assert problem_of(calls("bob").delete(f"{INSTANCES}{acme.instance.pk}/")) == (403, "permission_denied")


def test_the_browsable_api_shows_errors_as_pages(calls: Calls) -> None:
    for path in (f"{INSTANCES}5/", f"{INSTANCES}?limit=x", INSTANCES):
        assert (
            calls("root").get(path, headers={"Accept": "text/html"})["Content-Type"].startswith("text/html")
        )


def told_of(exc: Exception) -> Any:
    response = answer(exc, {"request": None, "view": None})
    assert response is not None
    return response


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Unsupported("no"), 409, "unsupported"),
        (errors.NotConnected("no"), 409, "line_down"),
        (errors.CredentialsRejected("no"), 409, "line_down"),
        (errors.RequestRejected("no"), 409, "refused"),
        (errors.HostNotAllowed("no"), 409, "refused"),
        (errors.MediaGone("no"), 410, "gone"),
        (errors.Unavailable("no"), 503, "provider_unavailable"),
        (errors.UnexpectedResponse("no"), 502, "unexpected_response"),
        (CannotDecrypt("secret facts"), 409, "cannot_decrypt"),
    ],
)
def test_what_a_provider_raises_has_its_status(error: Exception, status: int, code: str) -> None:
    response = told_of(error)
    assert (response.status_code, response.data["code"]) == (status, code)
    assert "secret facts" not in response.data["detail"]


@pytest.mark.parametrize(("asked", "told"), [(None, "5"), (0.2, "1"), (42.4, "42")])
def test_when_to_try_again_is_told_in_whole_seconds(asked: float | None, told: str) -> None:
    assert told_of(errors.Unavailable("busy", retry_after=asked))["Retry-After"] == told


def test_facts_of_a_problem_are_members_of_their_own() -> None:
    response = told_of(Problem(409, "not_ready", "It is not here yet.", state="pending"))  # type: ignore[arg-type]
    assert (response.data["state"], response.data["code"]) == ("pending", "not_ready")


def test_a_bug_is_not_dressed_up_as_a_problem() -> None:
    assert answer(RuntimeError("ours"), {"request": None, "view": None}) is None
