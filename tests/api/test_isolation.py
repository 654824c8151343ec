"""Every route, called without a login, by another client's manager, by a viewer, and with tokens that do not reach.

The routes come from the URL configuration: a new one is called like all others, without a line here.
"""

import json
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken, Membership, Role
from tests.api.bodies import body_for, operation_of, references_in
from tests.api.routes import routes
from tests.api.rows import REFERENCES, snapshot
from tests.tenants import SECRETS, make_user

pytestmark = [pytest.mark.once, pytest.mark.django_db]

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
    "POST /api/v1/media/links/": "lets the caller see what they may see anyway",
}
ALL = routes()
CLOSED = [route for route in ALL if route.template() not in OPEN]
OF_OBJECTS = [route for route in CLOSED if route.has_object]
READS = [route for route in CLOSED if route.method == "get"]
LISTS = [route for route in READS if not route.has_object]
WRITES = [route for route in CLOSED if not route.is_safe]
ACME = re.compile(r"acme|\b(alice|bob|mona)\b", re.IGNORECASE)
REFUSED = (400, 403, 404, 405, 409, 410, 415)


def named(route):
    return f"{route.method.upper()} {route.template()}"


BY_ROLE = [route for route in WRITES if named(route) not in OWN]


@pytest.fixture
def browser_of(people):
    def log_in(name):
        browser = Browser(raise_request_exception=False)
        browser.force_login(people[name])
        return browser

    return log_in


@pytest.fixture
def of_rival_only(acme, rival):
    """The browser of somebody who manages both clients, with a token for one of them."""
    dora = make_user("dora", acme.client, Role.MANAGER)
    Membership.objects.create(user=dora, client=rival.client, role=Role.MANAGER)
    return with_token(user=dora, client=rival.client, role=Role.MANAGER)


def with_token(**facts):
    _, key = ApiToken.issue(name="a token", **facts)
    return APIClient(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)


def call(browser, route, address, body=None):
    content = {} if route.is_safe else {"data": json.dumps(body or {}), "content_type": "application/json"}
    return getattr(browser, route.method)(address, **content)


def told(response):
    parts = response.streaming_content if response.streaming else [response.content]
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    return headers + b"".join(parts).decode("utf-8", "replace")


def wrong(chosen, answers):
    """What is wrong with each of them; nothing that one does is there for the next."""
    found = {}
    for route in chosen:
        with transaction.atomic():
            found[str(route)] = answers(route)
            transaction.set_rollback(True)
    return {route: trouble for route, trouble in found.items() if trouble}


def unless(status, response):
    """What came instead of ``status``, or what slipped out with it."""
    if response.status_code != status:
        return f"{response.status_code}: {told(response)[-200:]}"
    return f"tells of Acme: {told(response)}" if ACME.search(told(response)) else ""


def test_exceptions_are_routes_that_exist():
    assert len(CLOSED) > 80
    assert OPEN.keys() <= {route.template() for route in ALL}
    assert OWN.keys() <= {named(route) for route in ALL}


def test_without_a_login_nothing_answers(acme):
    assert wrong(CLOSED, lambda route: unless(401, call(Browser(), route, route.address(acme)))) == {}


@pytest.mark.parametrize("body", [lambda *_: {}, body_for], ids=["empty", "filled"])
def test_another_clients_object_does_not_exist(body, acme, browser_of):
    charlie, before = browser_of("charlie"), snapshot(acme)
    answers = lambda route: unless(404, call(charlie, route, route.address(acme), body(route, acme)))  # noqa: E731
    assert wrong(OF_OBJECTS, answers) == {}
    assert snapshot(acme) == before


def test_its_own_people_find_that_object(acme, browser_of):
    """Or else the 404 of others would say nothing."""

    def not_found(route):
        status = call(browser_of("mona"), route, route.address(acme), body_for(route, acme)).status_code
        return status if status in (401, 403, 404, 405, 415, 500) else None

    assert wrong(OF_OBJECTS, not_found) == {}


def test_lists_hold_nothing_of_another_client(acme, browser_of):
    charlie = browser_of("charlie")

    def slips(route):
        response = call(charlie, route, route.address(acme))
        return unless(400 if response.status_code == 400 else 200, response)

    assert wrong(LISTS, slips) == {}


def test_its_own_people_find_their_rows_in_the_lists(acme, browser_of):
    """Or else the empty lists of others would say nothing."""
    found = [
        route.path for route in LISTS if ACME.search(told(call(browser_of("mona"), route, f"/{route.path}")))
    ]
    assert len(found) > 8


def test_filters_by_another_clients_objects_find_nothing(acme, rival, browser_of):
    charlie = browser_of("charlie")

    def slips(route):
        for name in references_in(route):
            response = charlie.get(route.address(rival), {name: str(REFERENCES[name](acme))})
            if response.status_code not in (200, *REFUSED) or ACME.search(told(response)):
                return f"{name}: {response.status_code} {told(response)[-200:]}"
        return None

    assert wrong(READS, slips) == {}


def test_searches_find_nothing_of_another_client(acme, rival, browser_of):
    charlie = browser_of("charlie")
    named_rows = re.compile(r"Acme (line|text|title|contact|label|note|answer|reason|hook|token|person)")

    def slips(route):
        answers = (charlie.get(route.address(rival), {name: "Acme"}) for name in ("q", "search", "name"))
        return any(named_rows.search(told(response)) for response in answers)

    assert wrong(READS, slips) == {}


def test_another_clients_objects_cannot_be_named_in_a_body(acme, rival, browser_of):
    charlie, before = browser_of("charlie"), snapshot(acme)

    def slips(route):
        response = call(charlie, route, route.address(rival), body_for(route, acme))
        if snapshot(acme) != before or response.status_code == 500 or ACME.search(told(response)):
            return f"{response.status_code}: {told(response)[-200:]}"
        return None

    assert wrong(WRITES, slips) == {}


@pytest.mark.parametrize("body", [lambda *_: {}, body_for], ids=["empty", "filled"])
def test_a_viewer_changes_nothing(body, acme, browser_of):
    bob, before = browser_of("bob"), snapshot(acme)
    answers = lambda route: call(bob, route, route.address(acme), body(route, acme)).status_code - 403  # noqa: E731
    assert wrong(BY_ROLE, answers) == {}
    assert snapshot(acme) == before


def test_a_token_of_one_client_does_not_reach_the_users_other_client(acme, of_rival_only):
    answers = lambda route: unless(  # noqa: E731
        404, call(of_rival_only, route, route.address(acme), body_for(route, acme))
    )
    assert wrong(OF_OBJECTS, answers) == {}


def test_lists_of_a_token_hold_its_own_client_only(acme, of_rival_only):
    slips = lambda route: ACME.search(told(call(of_rival_only, route, f"/{route.path}")))  # noqa: E731
    assert wrong(LISTS, slips) == {}


@pytest.mark.parametrize("end", ["expires_at", "revoked_at"])
def test_a_token_that_has_ended_opens_nothing(end, acme, people):
    facts = {end: timezone.now() - timedelta(seconds=1)}
    ended = with_token(user=people["mona"], client=acme.client, role=Role.MANAGER, **facts)
    assert wrong(CLOSED, lambda route: unless(401, call(ended, route, route.address(acme)))) == {}


def test_a_viewers_token_of_a_manager_changes_nothing(acme, people):
    token = with_token(user=people["mona"], client=acme.client, role=Role.VIEWER)
    assert wrong(BY_ROLE, lambda route: call(token, route, route.address(acme)).status_code - 403) == {}


def test_no_answer_holds_a_secret(acme, browser_of):
    mona = browser_of("mona")

    def secrets(route):
        found = told(call(mona, route, route.address(acme), body_for(route, acme)))
        return [secret for secret in SECRETS if secret in found]

    assert wrong(CLOSED, secrets) == {}


def test_the_document_names_the_operation_of_every_route():
    assert [named(route) for route in CLOSED if operation_of(route) is None] == []
