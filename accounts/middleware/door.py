"""Middleware: by which door people come, for the audit trail."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from accounts import audit
from accounts.audit import Via
from accounts.logins.callers import address_of, valid_address


class Door:
    """Whatever is noted during a request names its user and where it came from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        address = valid_address(address_of(request))
        with audit.through(Via.WEB, address=address, user=lambda: getattr(request, "user", None)):
            return self.get_response(request)
