"""Made-up requests by the document, valid and not: no answer is a server's error, and each is as the document says.

A short and always equal part of what ``python -m tests.api.fuzz`` does at length.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import ApiToken, Role
from tests.api.bodies import document
from tests.api.routes import routes
from tests.tenants import Rows


def no_crash(_context: Any, response: Any, _case: Any) -> None:
    """What a provider's silence answers, 502 and 503, stands in the document; 500 never does."""
    assert response.status_code != 500


CHECKS = [
    no_crash,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="PostgreSQL refuses more; once is long enough"
    ),
]
schema = schemathesis.openapi.from_dict(document())
OPERATIONS = [found.ok() for found in schema.get_all_operations()]
MODES = schemathesis.GenerationMode
brief = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def connection_of_the_test() -> Iterator[None]:
    """A server would close a connection that stands in somebody else's transaction."""
    signals = request_started, request_finished
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def key(acme: Rows, people: Any) -> str:
    return ApiToken.issue(user=people["mona"], client=acme.client, role=Role.MANAGER, name="fuzz")[1]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_answer_is_as_the_document_says(operation: Any, acme: Rows, key: str) -> None:
    known = known_path(operation, acme)
    cases = st.one_of(*(operation.as_strategy(mode) for mode in MODES))

    @brief
    @given(case=cases, real=st.booleans())
    def answers(case: Any, real: bool) -> None:
        if real:
            case.path_parameters.update(known)
        with transaction.atomic():
            response = case.call(app=WSGIHandler(), headers={"Authorization": f"Bearer {key}"})
            transaction.set_rollback(True)
        case.validate_response(response, checks=CHECKS)

    answers()


def known_path(operation: Any, rows: Rows) -> dict[str, Any]:
    """Ids of rows that are there, by the names that the document gives the path's parts."""
    template = "/" + operation.path.strip("/") + "/"
    names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    route = next((one for one in routes() if one.template() == plain(template)), None)
    if route is None:
        return {}
    parts = route.address(rows).split("/")
    places = [place for place, part in enumerate(template.split("/")) if part.startswith("{")]
    return {name: parts[place] for name, place in zip(names, places, strict=True)}


def plain(template: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in template.split("/"))
