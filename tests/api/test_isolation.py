"""Every route, called without a login, by another client's manager, by a viewer, and with tokens that do not reach.

The routes come from the URL configuration: a new one is called like all others, without a line here.
"""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken, Membership, Role
from tests.api.bodies import body_for, operation_of, references_in
from tests.api.routes import routes
from tests.api.rows import REFERENCES, snapshot
from tests.tenants import SECRETS, make_user

pytestmark = pytest.mark.django_db

OPEN = {
    "/api/v1/": "leads to the page about the API",
    "/api/v1/docs/": "the page about the API",
    "/api/v1/schema/": "the document about the API",
    "/api/v1/auth/login/": "where one logs in",
    "/api/v1/media/links/{}/": "the signature is the permission",
}
OWN = {
    "POST /api/v1/auth/logout/": "ends the caller's own login",
    "POST /api/v1/tokens/": "no wider than the caller's own rights",
    "DELETE /api/v1/tokens/{}/": "the caller's own ones",
    "POST /api/v1/stream/ticket/": "lets the caller read what they may read anyway",
    "POST /api/v1/media/{}/link/": "lets the caller see what they may see anyway",
}
ALL = routes()
CLOSED = [route for route in ALL if route.template() not in OPEN]
OF_OBJECTS = [route for route in CLOSED if route.has_object]
LISTS = [route for route in CLOSED if route.method == "get" and not route.has_object]
WRITES = [route for route in CLOSED if not route.is_safe]
ACME = re.compile(r"acme|\b(alice|bob|mona)\b", re.IGNORECASE)
REFUSED = (400, 403, 404, 405, 409, 410, 415)


def call(browser, route, address, body=None):
    content = {} if route.is_safe else {"data": json.dumps(body or {}), "content_type": "application/json"}
    return getattr(browser, route.method)(address, **content)


def told(response):
    parts = response.streaming_content if response.streaming else [response.content]
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    return headers + b"".join(parts).decode("utf-8", "replace")


def with_key(key):
    return APIClient(headers={"Authorization": f"Bearer {key}"})


def named(route):
    return f"{route.method.upper()} {route.template()}"


def test_exceptions_are_routes_that_exist():
    assert OPEN.keys() <= {route.template() for route in ALL}
    assert OWN.keys() <= {named(route) for route in ALL}


@pytest.mark.parametrize("route", CLOSED, ids=str)
def test_without_a_login_nothing_answers(route, acme):
    response = call(Browser(), route, route.address(acme))
    assert response.status_code == 401
    assert not ACME.search(told(response))


@pytest.mark.parametrize("route", OF_OBJECTS, ids=str)
def test_another_clients_object_does_not_exist(route, acme, browser_of):
    before = snapshot(acme)
    for body in ({}, body_for(route, acme)):
        response = call(browser_of("charlie"), route, route.address(acme), body)
        assert response.status_code == 404
        assert not ACME.search(told(response))
    assert snapshot(acme) == before


@pytest.mark.parametrize("route", OF_OBJECTS, ids=str)
def test_its_own_people_find_that_object(route, acme, browser_of):
    """Or else the 404 of others would say nothing."""
    body = None if route.method == "delete" else body_for(route, acme)
    response = call(browser_of("mona"), route, route.address(acme), body)
    assert response.status_code not in (401, 403, 404, 405, 500)


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_lists_hold_nothing_of_another_client(route, acme, browser_of):
    response = call(browser_of("charlie"), route, route.address(acme))
    assert response.status_code in (200, 400)
    assert not ACME.search(told(response))


@pytest.mark.parametrize("route", [route for route in CLOSED if route.method == "get"], ids=str)
def test_filters_by_another_clients_objects_find_nothing(route, acme, rival, browser_of):
    charlie, address = browser_of("charlie"), route.address(rival)
    for name in references_in(route):
        response = charlie.get(address, {name: str(REFERENCES[name](acme))})
        assert response.status_code in (200, *REFUSED)
        assert not ACME.search(told(response).replace(response.headers.get("Location", "-"), ""))
    for words in ({"q": "Acme"}, {"search": "Acme"}):
        found = charlie.get(address, words).content.decode("utf-8", "replace")
        assert not re.search(r"Acme (text|title|contact|label|note|answer)", found)


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_another_clients_objects_cannot_be_named_in_a_body(route, acme, rival, browser_of):
    before = snapshot(acme)
    response = call(browser_of("charlie"), route, route.address(rival), body_for(route, acme))
    assert response.status_code < 500 or response.status_code in (502, 503)
    assert not ACME.search(told(response))
    assert snapshot(acme) == before


@pytest.mark.parametrize("route", [route for route in WRITES if named(route) not in OWN], ids=str)
def test_a_viewer_changes_nothing(route, acme, browser_of):
    before = snapshot(acme)
    for body in ({}, body_for(route, acme)):
        assert call(browser_of("bob"), route, route.address(acme), body).status_code == 403
    assert snapshot(acme) == before


@pytest.mark.parametrize("route", OF_OBJECTS, ids=str)
def test_a_token_of_one_client_does_not_reach_the_users_other_client(route, acme, rival):
    dora = make_user("dora", acme.client, Role.MANAGER)
    Membership.objects.create(user=dora, client=rival.client, role=Role.MANAGER)
    _, key = ApiToken.issue(user=dora, client=rival.client, role=Role.MANAGER, name="Rival only")
    response = call(with_key(key), route, route.address(acme), body_for(route, acme))
    assert response.status_code == 404
    assert not ACME.search(told(response))


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_lists_of_a_token_hold_its_own_client_only(route, acme, rival):
    dora = make_user("dora", acme.client, Role.MANAGER)
    Membership.objects.create(user=dora, client=rival.client, role=Role.MANAGER)
    _, key = ApiToken.issue(user=dora, client=rival.client, role=Role.MANAGER, name="Rival only")
    assert not ACME.search(told(call(with_key(key), route, route.address(acme))))


@pytest.mark.parametrize("route", CLOSED, ids=str)
def test_a_token_that_has_ended_opens_nothing(route, acme, people):
    now = timezone.now()
    ended = ({"expires_at": now - timedelta(seconds=1)}, {"revoked_at": now - timedelta(seconds=1)})
    for facts in ended:
        _, key = ApiToken.issue(
            user=people["mona"], client=acme.client, role=Role.MANAGER, name="old", **facts
        )
        assert call(with_key(key), route, route.address(acme)).status_code == 401


@pytest.mark.parametrize("route", [route for route in WRITES if named(route) not in OWN], ids=str)
def test_a_viewers_token_of_a_manager_changes_nothing(route, acme, people):
    _, key = ApiToken.issue(user=people["mona"], client=acme.client, role=Role.VIEWER, name="screen")
    assert call(with_key(key), route, route.address(acme)).status_code == 403


@pytest.mark.parametrize("route", CLOSED, ids=str)
def test_no_answer_holds_a_secret(route, acme, browser_of):
    body = None if route.method == "delete" else body_for(route, acme)
    found = told(call(browser_of("mona"), route, route.address(acme), body))
    assert [secret for secret in SECRETS if secret in found] == []


def test_the_document_names_the_operation_of_every_route():
    without = [named(route) for route in CLOSED if operation_of(route) is None]
    assert without == []
