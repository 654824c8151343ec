"""Every route below /api/v1/ as the URL configuration has it, so that none can be forgotten."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from tests.api.rows import OBJECTS, PARAMETERS
from tests.tenants import Rows

ROOT = "api/v1/"
SAFE = ("get", "head", "options")
METHODS = ("get", "post", "put", "patch", "delete")
NAMED_PART = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Route:
    """One method of one address; ``path`` has its parts as ``<name>``."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method.upper()} /{self.path}"

    @property
    def is_safe(self) -> bool:
        return self.method in SAFE

    @property
    def has_object(self) -> bool:
        return "<" in self.path

    def address(self, rows: Rows) -> str:
        """The path with the ids of ``rows`` in it."""
        found = "/"
        for segment in self.path.split("/"):
            part = NAMED_PART.fullmatch(segment)
            before = found.split("/")[-2] if found != "/" else ""
            found += (str(self._value(before, part[1], rows)) if part else segment) + "/"
        return found[:-1]

    def template(self) -> str:
        """As the OpenAPI document writes it, whatever the parts are called there."""
        return re.sub(r"<[^>]*>", "{}", f"/{self.path}")

    def _value(self, segment: str, name: str, rows: Rows) -> Any:
        if name in PARAMETERS:
            return PARAMETERS[name](rows)
        if segment not in OBJECTS:
            pytest.fail(
                f"Which object is <{name}> of /{self.path}? Say it in tests/api/rows.py: in OBJECTS when it is the id "
                f"after {segment}/, else in PARAMETERS; and let furnish() make one for each client."
            )
        return OBJECTS[segment](rows)


def routes() -> list[Route]:
    found = [
        Route(method, path)
        for path, pattern in _patterns(get_resolver().url_patterns)
        if path.startswith(ROOT)
        for method in _methods(pattern)
    ]
    return sorted(set(found), key=lambda route: (route.path, route.method))


def _patterns(patterns: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for found in patterns:
        path = prefix + _plain(found.pattern)
        if isinstance(found, URLResolver):
            yield from _patterns(found.url_patterns, path)
        else:
            yield path, found


def _plain(pattern: Any) -> str:
    if not isinstance(pattern, RegexPattern):
        return str(pattern)
    return simplify_regex(str(pattern)).removeprefix("/").replace(r"\.", ".")


def _methods(pattern: URLPattern) -> Iterator[str]:
    """A viewset says which action each method has; any other view has methods by these names."""
    view: Any = pattern.callback
    actions = getattr(view, "actions", None)
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    for method in METHODS:
        if method in actions if actions else kind is None or hasattr(kind, method):
            yield method
