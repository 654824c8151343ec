"""The OpenAPI document: tokens, problem details, and tags by resource."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.utils import OpenApiResponse
from rest_framework.serializers import ModelSerializer

PROBLEM = {
    "type": "object",
    "description": "Problem details, RFC 9457.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "A word for programs."},
        "detail": {"type": "string", "description": "A sentence for people."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message", "code"],
                "properties": {
                    "field": {"type": "string", "description": "Dotted; empty for the request as a whole."},
                    "message": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
    },
}
ALWAYS = {"400": "The request cannot be taken.", "429": "Too many requests; see Retry-After."}
WITH_TOKEN = {"401": "No valid token.", "403": "The role does not allow this."}
OF_OBJECT = {"404": "There is no such object, or it is not yours to see."}
ID_PATTERN = "[0-9]{1,18}"
REFERENCE = {"$ref": "#/components/schemas/Problem"}
METHODS = ("get", "post", "put", "patch", "delete")


def refusals(told: dict[int, str]) -> dict[Any, Any]:
    """For ``responses`` of ``extend_schema``: what this operation answers besides what every one may."""
    return {
        (status, "application/problem+json"): OpenApiResponse(REFERENCE, description)
        for status, description in told.items()
    }


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token of `POST /api/v1/auth/login/`."}


class Schema(AutoSchema):
    def get_tags(self) -> list[str]:
        """The resource that the path begins with."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        """Ids are numbers everywhere, though the routes know them by their digits."""
        found: list[dict[str, Any]] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in found:
            if parameter["schema"].get("pattern") == f"^{ID_PATTERN}$":
                parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
        return found

    def _map_basic_serializer(self, serializer: Any, direction: str) -> dict[str, Any]:
        """A row is always shown with all its fields, also with those that need not be given."""
        found: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "response" and isinstance(force_instance(serializer), ModelSerializer):  # type: ignore[no-untyped-call]
            found["required"] = sorted(found["properties"])
        return found

    def get_description(self, *_: Any) -> str:
        """What ``extend_schema`` says; docstrings are for those who read the code."""
        return ""


def describe_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """What every operation may answer is said once, here, not at each view."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": REFERENCE}}
    for path, operations in result["paths"].items():
        for method in METHODS:
            if method in operations:
                _add(operations[method], path, content)
    return result


def _add(operation: dict[str, Any], path: str, content: dict[str, Any]) -> None:
    told = ALWAYS | (WITH_TOKEN if operation.get("security") != [{}] else {})
    told |= OF_OBJECT if "{" in path else {}
    for status, description in told.items():
        operation["responses"].setdefault(status, {"description": description, "content": content})
