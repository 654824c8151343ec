"""Every page for people, as the URL configuration has it, so that none can be forgotten."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import URLResolver, get_resolver

from media.models import MediaFile
from messaging.models import Conversation
from tests.admin.rows import row_of
from tests.tenants import Rows

# What is no page of anybody's, and why it need not be called here.
ELSEWHERE = {
    "api/": "called by tests/api/test_isolation.py",
    "^api/": "answers that there is nothing",
    "webhook/": "for providers; called by tests/messaging/test_views.py",
    "language/": "chooses the reader's own language",
    "healthz": "for probes", "readyz": "for probes", "metrics": "for monitoring, with its own token",
}  # fmt: skip
PART = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
OF_MODEL = re.compile(r"^admin/(\w+)/(\w+)/")


@dataclass(frozen=True)
class Page:
    """``path`` has its parts as ``<name>``; ``model`` is the label of whose pages it is one, if any."""

    path: str
    model: str = ""

    def __str__(self) -> str:
        return f"/{self.path}"

    @property
    def has_object(self) -> bool:
        return "<" in self.path

    @property
    def is_list(self) -> bool:
        return self.path == f"admin/{self.model.replace('.', '/')}/"

    @property
    def act(self) -> str:
        """``change``, ``history`` and the like."""
        return self.path.strip("/").rpartition("/")[2]

    def address(self, rows: Rows) -> str:
        return "/" + PART.sub(lambda part: str(self._value(part[1] or part[2], rows)), self.path)

    def _value(self, name: str, rows: Rows) -> Any:
        if name == "content_type_id":
            return ContentType.objects.get_for_model(Conversation).pk
        if self.model and name in ("object_id", "pk", "id"):
            return row_of(self.model, rows).pk
        known = WITHOUT_MODEL.get((self.path.split("<")[0], name))
        if known is None:
            pytest.fail(
                f"What is <{name}> of /{self.path}? Say it in WITHOUT_MODEL of tests/admin/routes.py."
            )
        return known(rows)


WITHOUT_MODEL: dict[tuple[str, str], Callable[[Rows], Any]] = {
    ("admin/r/", "object_id"): lambda rows: rows.conversation.pk,
    ("media-files/", "pk"): lambda rows: MediaFile.objects.get(instance=rows.instance, state="ready").pk,
}


def pages() -> list[Page]:
    found = [page for path in _paths(get_resolver().url_patterns) for page in _pages_at(path)]
    return sorted(set(found), key=str)


def _paths(patterns: Any, prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if path.startswith(tuple(ELSEWHERE)):
            continue
        if isinstance(pattern, URLResolver):
            yield from _paths(pattern.url_patterns, path)
        else:
            yield path


def _pages_at(path: str) -> Iterator[Page]:
    """An address for several things is as many pages."""
    if path == "admin/(?P<url>.*)$":
        yield Page("admin/no-such-page/")
    elif path.startswith("admin/^(?P<app_label>"):
        yield from (
            Page(f"admin/{label}/") for label in sorted({_app(model) for model in admin.site._registry})
        )
    elif (found := OF_MODEL.match(path)) and admin_of(f"{found[1]}.{found[2]}"):
        yield from _of_model(path, f"{found[1]}.{found[2]}")
    else:
        yield Page(path)


def _of_model(path: str, label: str) -> Iterator[Page]:
    if "<slug:slug>" not in path:
        yield Page(path, label)
        return
    yield from (Page(path.replace("<slug:slug>", verb.slug), label) for verb in admin_of(label).verbs)


def admin_of(label: str) -> Any:
    return next(
        (one for model, one in admin.site._registry.items() if model._meta.label_lower == label), None
    )


def _app(model: Any) -> str:
    return str(model._meta.app_label)
