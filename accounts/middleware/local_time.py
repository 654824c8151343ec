"""Middleware: times in the zone of the browser, which its own script keeps in a cookie."""

import zoneinfo
from collections.abc import Callable
from functools import cache
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone


@cache
def known_zones() -> frozenset[str]:
    """Read once: the folder of zones holds some six hundred files."""
    return frozenset(zoneinfo.available_timezones())


class LocalTime:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = unquote(request.COOKIES.get("timezone", ""))
        if name not in known_zones():
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(name)):
            return self.get_response(request)
