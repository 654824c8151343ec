"""Middleware: what the API tells is for whoever asked, and nobody between may keep it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase


class PrivateAnswers:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            # Files and streams say themselves for how long they may be kept.
            response.setdefault("Cache-Control", "private, no-store")
        return response
