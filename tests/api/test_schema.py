"""The OpenAPI document: whole, true to its own examples, and served without a foreign host."""

import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.api.bodies import document

METHODS = ("get", "post", "put", "patch", "delete")
WITHOUT_A_BODY = ("416",)
ADDRESS = re.compile(r"""(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)""", re.IGNORECASE)
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
    if method in METHODS
]


def contents(operation: Any) -> list[Any]:
    """Every body that the operation takes or gives, with what the document says of it."""
    bodies = [operation.get("requestBody") or {}, *operation["responses"].values()]
    return [content for body in bodies for content in (body.get("content") or {}).values()]


def test_the_document_is_made_without_a_warning():
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_it_is_openapi_3_1():
    assert document()["openapi"].startswith("3.1")
    assert len(OPERATIONS) > 80


def test_every_operation_says_what_it_is():
    for label, operation in OPERATIONS:
        assert operation.get("summary"), label
        assert len(operation["summary"]) < 90, label
        assert operation.get("tags"), label
    ids = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)


def test_every_operation_says_how_it_refuses():
    without = [
        label
        for label, operation in OPERATIONS
        if not any(status.startswith("4") for status in map(str, operation["responses"]))
    ]
    assert without == []


def test_every_refusal_is_a_problem():
    others = [
        f"{label} {status}"
        for label, operation in OPERATIONS
        for status, response in operation["responses"].items()
        if str(status).startswith(("4", "5"))
        and status not in WITHOUT_A_BODY
        and "application/problem+json" not in (response.get("content") or {})
    ]
    assert others == []


def test_examples_are_what_the_document_asks_for():
    whole = Resource(document(), DRAFT202012)
    registry: Any = Registry().with_resource("urn:api", whole)
    found = 0
    for label, operation in OPERATIONS:
        for content in contents(operation):
            schema = absolute(content.get("schema") or {})
            validator = Draft202012Validator(schema, registry=registry, format_checker=FormatChecker())
            for name, example in (content.get("examples") or {}).items():
                errors = [error.message for error in validator.iter_errors(example["value"])]
                assert errors == [], f"{label}, {name}"
                found += 1
    assert found > 15


def absolute(schema: Any) -> Any:
    """References lead into the document, not into the part of it that is looked at."""
    if isinstance(schema, dict):
        found = {key: absolute(value) for key, value in schema.items()}
        if isinstance(found.get("$ref"), str):
            found["$ref"] = "urn:api" + found["$ref"]
        return found
    return [absolute(one) for one in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("name", ["Client", "Instance", "Label", "WebhookEndpoint"])
def test_a_row_is_shown_with_all_its_fields_and_no_secret(name):
    shown = document()["components"]["schemas"][name]
    assert set(shown["required"]) == set(shown["properties"])
    assert not {"token", "secret", "app_secret", "verify_token"} & set(shown["properties"])


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["application/vnd.oai.openapi+json", "application/vnd.oai.openapi", "*/*"])
def test_it_is_served_to_everybody(kind):
    response = Browser().get("/api/v1/schema/", headers={"accept": kind})
    assert response.status_code == 200
    assert b"operationId" in response.content


@pytest.mark.django_db
def test_its_page_and_what_that_loads_come_from_here():
    page = Browser().get("/api/v1/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert ADDRESS.findall(text) == []
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert loaded
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded)


@pytest.mark.django_db
def test_the_bare_address_leads_to_the_page():
    assert Browser().get("/api/v1/").headers["Location"] == "/api/v1/docs/"
