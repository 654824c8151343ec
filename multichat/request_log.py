"""Middleware: every request has an id and one line in the log, which names its route, never its path or its words."""

import re
import uuid
from collections.abc import Callable
from time import monotonic
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts import metrics

log = structlog.get_logger("multichat.request")

GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
WEBHOOKS = frozenset({"webhook", "unkeyed-webhook"})
# Of what a route does by the first part of its path.
PARTS = {"admin": "admin", "api": "api", "media-files": "media", "static": "static"}


class RequestLog:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began, request_id = monotonic(), id_of(request)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            _note(request, response.status_code, monotonic() - began)
        finally:
            structlog.contextvars.clear_contextvars()
        response["X-Request-ID"] = request_id
        return response


def id_of(request: HttpRequest) -> str:
    """A proxy's, where it has a sound one, so that its log and ours can be joined."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    return given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex


def _note(request: HttpRequest, status: int, seconds: float) -> None:
    route, part = _route(request), _part(request)
    method = request.method if request.method in METHODS else "other"
    metrics.requests.labels(route, method, f"{status // 100}xx").inc()
    metrics.request_seconds.labels(part).observe(seconds)
    if part == "static":
        return
    facts = {"method": method, "route": route, "status": status, "duration": round(seconds, 4)}
    log.info("request", **facts, **_caller(request))


def _route(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        return "static" if request.path.startswith(settings.STATIC_URL) else "none"
    return match.view_name or match.route


def _part(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is not None and match.view_name in WEBHOOKS:
        return "webhook"
    if match is not None and match.view_name == "stream":
        return "stream"
    return PARTS.get(request.path.split("/", 2)[1], "other")


def _caller(request: HttpRequest) -> dict[str, int]:
    """Only if somebody asked who it is: nobody is looked up for the log."""
    user = _known_user(request)
    if user is None or not user.is_authenticated:
        return {}
    scope = getattr(user, "scope", None)
    return {"user": user.pk} | ({"client": scope.client} if scope else {})


def _known_user(request: HttpRequest) -> Any:
    """The session's user is looked up at its first use, and remembered on the request; a token's is set there."""
    lazy = vars(request).get("user")
    return vars(request).get("_cached_user") if hasattr(lazy, "_wrapped") else lazy
