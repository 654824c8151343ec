"""Requests made from the OpenAPI document, with one client's objects wherever it asks for one."""

import re
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from tests.api.routes import Route
from tests.api.rows import REFERENCES
from tests.tenants import Rows

DEEPEST = 5
SAMPLES = {
    "date-time": "2026-03-01T12:00:00Z",
    "date": "2026-03-01",
    "uuid": "6f0a2d5e-7f6d-4a5e-9c53-2f3c1f1b9a10",
    "uri": "https://hooks.example.com/in",
    "email": "somebody@example.com",
}


@cache
def document() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)


def operation_of(route: Route) -> Any:
    """What the document says of the route; None when it says nothing."""
    for path, operations in document()["paths"].items():
        if re.sub(r"{[^}]*}", "{}", path) == route.template():
            return operations.get(route.method)
    return None


def references_in(route: Route) -> list[str]:
    """Query parameters of the route that name objects."""
    parameters = (operation_of(route) or {}).get("parameters", [])
    return [one["name"] for one in parameters if one["in"] == "query" and one["name"] in REFERENCES]


def body_for(route: Route, rows: Rows) -> Any:
    content = ((operation_of(route) or {}).get("requestBody") or {}).get("content") or {}
    schema = (content.get("application/json") or {}).get("schema")
    return value_of(schema, rows) if schema else {}


def value_of(schema: Any, rows: Rows, name: str = "", depth: int = 0) -> Any:
    schema = _resolved(schema)
    if name in REFERENCES:
        found = REFERENCES[name](rows)
        return [found] if _kind(schema) == "array" else found
    if "enum" in schema or "const" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    if _kind(schema) == "object" and depth < DEEPEST:
        inner = (schema.get("properties") or {}).items()
        return {key: value_of(one, rows, key, depth + 1) for key, one in inner if not one.get("readOnly")}
    if _kind(schema) == "array":
        return [value_of(schema.get("items") or {}, rows, "", depth + 1)]
    return _scalar(schema)


def _scalar(schema: Any) -> Any:
    if _kind(schema) in ("integer", "number"):
        return max(1, schema.get("minimum", 1))
    if _kind(schema) == "boolean":
        return True
    if "default" in schema or "example" in schema:
        return schema.get("example", schema.get("default"))
    if "pattern" in schema:
        return "#123abc"
    return SAMPLES.get(schema.get("format", ""), "sample text")


def _kind(schema: Any) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return next((word for word in kind if word != "null"), "string") if isinstance(kind, list) else str(kind)


def _resolved(schema: Any) -> Any:
    """Follows references, and takes the first way where there are several."""
    if "$ref" in schema:
        return _resolved(document()["components"]["schemas"][schema["$ref"].split("/")[-1]])
    for several in ("allOf", "oneOf", "anyOf"):
        if several in schema:
            return _resolved(next(one for one in schema[several] if one.get("type") != "null"))
    return schema
