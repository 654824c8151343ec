"""Middleware: what a person chose to read follows to every browser."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation

from accounts.languages import choices


class PersonalLanguage:
    """It stands behind whatever finds out who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = _of_person(request) if settings.SESSION_COOKIE_NAME in request.COOKIES else ""
        if language in dict(choices()):
            translation.activate(language)
            request.LANGUAGE_CODE = language
        return self.get_response(request)


def _of_person(request: HttpRequest) -> str:
    user: Any = request.user
    return str(user.language) if user.is_authenticated else ""
