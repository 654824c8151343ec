"""Middleware: a body that is longer than what its address takes is refused before any of it is read."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

FORM = "multipart/form-data"
# Beside the file: other fields and the lines between them.
AROUND = 1024**2


def most_of(path: str, content_type: str) -> int:
    """Files come by the API only; without a file no form is long."""
    if path.startswith("/api/") and content_type.strip().lower().startswith(FORM):
        return int(settings.MEDIA_MAX_BYTES) + AROUND
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


class BodyLimits:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Webhooks have their own limit, and count what they refuse.
        if request.path_info.startswith("/webhook/"):
            return self.get_response(request)
        if _length(request) > most_of(request.path_info, request.META.get("CONTENT_TYPE", "")):
            return _too_long(request)
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    """Without a length nothing is read."""
    told = str(request.META.get("CONTENT_LENGTH") or "0").strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) < 20 else 0


def _too_long(request: HttpRequest) -> HttpResponse:
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    told = "The body is longer than we take."
    if not request.path_info.startswith("/api/"):
        return HttpResponse(told, content_type="text/plain", status=status)
    problem: dict[str, Any] = {
        "type": "about:blank", "title": status.phrase, "status": int(status), "code": "too_large", "detail": told
    }  # fmt: skip
    return JsonResponse(problem, status=status, content_type="application/problem+json")
