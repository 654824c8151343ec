"""The language that a person reads: as stored with the person, else as the browser remembers or asks for."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation


def choices() -> list[tuple[str, str]]:
    """Each in its own words, whatever language the page is in."""
    return list(settings.LANGUAGES)


class PersonalLanguage:
    """Middleware: what a person chose follows to every browser. It stands behind whatever finds out who asks."""

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
