"""Middleware: until the second factor is given, a session is nobody's. So no view can forget to ask for it."""

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode

from accounts.logins.second_factors import factor_of, must_have

# Where people would wonder why they are nobody; programs are told by the API itself.
FOR_PEOPLE = ("/admin/", "/media-files/")


class Lacking(Enum):
    """What is still asked of the session, by the name of the page that asks."""

    CODE = "second-factor-code"
    SET_UP = "second-factor"


class Gate:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        request.half_user, request.lacking = None, None
        request.user = SimpleLazyObject(partial(_whole, request, request.user))
        request.auser = partial(_later, request)
        return _led_to_the_page(request) or self.get_response(request)


async def _later(request: Any) -> Any:
    return await sync_to_async(_loaded)(request.user)


def _loaded(user: Any) -> Any:
    bool(user.is_authenticated)
    return user


def _whole(request: Any, user: Any) -> Any:
    lacking = _lacking(user) if user.is_authenticated else None
    if lacking is None:
        return user
    request.half_user, request.lacking = user, lacking
    return AnonymousUser()


def _lacking(user: Any) -> Lacking | None:
    factor = factor_of(user)
    if factor:
        return None if user.otp_device == factor else Lacking.CODE
    return Lacking.SET_UP if must_have(user) else None


def _led_to_the_page(request: Any) -> HttpResponseBase | None:
    if not request.path_info.startswith(FOR_PEOPLE):
        return None
    if request.user.is_authenticated or request.lacking is None:
        return None
    if request.path_info == reverse("admin:logout"):
        request.user = request.half_user
        return None
    page = reverse(request.lacking.value)
    if request.path_info in (page, reverse("admin:login"), reverse("admin:jsi18n")):
        return None
    wanted = request.get_full_path() if request.method == "GET" else reverse("admin:index")
    return HttpResponseRedirect(f"{page}?{urlencode({'next': wanted})}")


def session_user(request: Any) -> Any:
    """Whoever gave the right password, whole or not, or None: for the pages that ask for the rest."""
    return request.user if request.user.is_authenticated else request.half_user
