"""Errors as problem details (RFC 9457): one shape for all, and the field named where there is one."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts.api.lines import trouble, wait_for

MEDIA_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """``code`` is a word for programs, ``detail`` a sentence for people; ``facts`` become members of their own.

    ``wait`` is told as Retry-After, in seconds.
    """

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, *, wait: int | None = None, **facts: Any
    ) -> None:
        self.status_code = status
        self.facts = facts
        self.wait = wait
        self.auth_header = "Bearer" if status == HTTPStatus.UNAUTHORIZED else ""
        super().__init__(detail, code)


def answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    exc = _as_problem(exc)
    response = exception_handler(exc, context)
    if response is None:
        return None
    response.data = problem(exc, response)
    if not isinstance(getattr(context["request"], "accepted_renderer", None), BrowsableAPIRenderer):
        response.content_type = MEDIA_TYPE
    return response


def _as_problem(exc: Exception) -> Exception:
    told = trouble(exc)
    if told:
        return Problem(*told, wait=wait_for(exc))
    if isinstance(exc, RequestDataTooBig):
        return Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", _("The body is longer than we take.")
        )
    if isinstance(exc, SuspiciousOperation):
        return Problem(HTTPStatus.BAD_REQUEST, "bad_request", _("The request cannot be taken."))
    return exc


def problem(exc: Exception, response: Response) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(response.status_code).phrase,
        "status": response.status_code,
        "code": _code(exc),
        "detail": _detail(exc),
    }
    if isinstance(exc, exceptions.ValidationError):
        found["errors"] = list(_named(exc.detail))
    return found | getattr(exc, "facts", {})


def _code(exc: Exception) -> str:
    if isinstance(exc, exceptions.ValidationError):
        return "invalid"
    if isinstance(exc, Http404):
        return "not_found"
    if isinstance(exc, PermissionDenied):
        return "permission_denied"
    codes = exc.get_codes() if isinstance(exc, exceptions.APIException) else ""
    return codes if isinstance(codes, str) else "error"


def _detail(exc: Exception) -> str:
    if isinstance(exc, exceptions.ValidationError):
        return _("The request has fields that cannot be taken.")
    if isinstance(exc, Http404):
        return _("There is no such object, or it is not yours to see.")
    return _writable(getattr(exc, "detail", exc)) or _("The request cannot be taken.")


def _named(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """``field`` is dotted for what lies deeper; empty when the error is about the request as a whole."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _named(inner, ".".join(filter(None, (path, own))))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            deeper = f"{path}.{place}" if isinstance(inner, dict) and inner else path
            yield from _named(inner, deeper)
    else:
        yield {"field": path, "message": _writable(detail), "code": str(getattr(detail, "code", "invalid"))}


def _writable(text: Any) -> str:
    """Messages quote what was sent, and half of a surrogate pair cannot be sent back."""
    return str(text).encode("utf-8", "replace").decode()
