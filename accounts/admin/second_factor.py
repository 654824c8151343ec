"""The pages of the second factor: the one that asks for a code, and the one where people switch it on and off."""

from http import HTTPStatus
from typing import Any

import django_otp
import segno
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.logins import second_factors
from accounts.middleware.gate import Lacking, session_user
from accounts.models import SecondFactor

QR_SCALE = 5


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def code(request: Any) -> HttpResponse:
    """Asks those who have one, after the password."""
    if request.lacking is not Lacking.CODE:
        return HttpResponseRedirect(reverse("admin:index"))
    user = request.half_user
    if request.method == "GET":
        return _asking(request)
    try:
        factor = second_factors.take(user, request.POST.get("code", ""), now=timezone.now())
    except second_factors.CodeRefused as exc:
        return _asking(request, refusal=_told(exc))
    _let_in(request, user, factor)
    return HttpResponseRedirect(_wanted(request))


def _asking(request: HttpRequest, *, refusal: str = "") -> HttpResponse:
    context = admin.site.each_context(request) | {
        "title": _("Second factor"),
        "refusal": refusal,
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    status = HTTPStatus.FORBIDDEN if refusal else HTTPStatus.OK
    return TemplateResponse(request, "admin/second_factor/code.html", context, status=status)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def own(request: Any) -> HttpResponse:
    """Of nobody but whoever is logged in."""
    user = session_user(request)
    if user is None or not user.is_staff:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if request.lacking is Lacking.CODE:
        return HttpResponseRedirect(reverse("second-factor-code"))
    act = ACTS.get(request.POST.get("act", "")) if request.method == "POST" else None
    try:
        return act(request, user) if act else _page(request, user)
    except second_factors.CodeRefused as exc:
        return _page(request, user, refusal=_told(exc))
    except SecondFactor.DoesNotExist:
        return _page(request, user, refusal=_("This page was out of date. Please look again."))


def _page(request: Any, user: Any, *, refusal: str = "", codes: list[str] | None = None) -> HttpResponse:
    factor, begun = second_factors.factor_of(user), second_factors.begun(user)
    context = admin.site.each_context(request) | {
        "title": _("Your second factor"),
        "factor": factor,
        "left": len(factor.recovery_codes) if factor else 0,
        "begun": begun,
        "picture": _picture(begun) if begun else "",
        "typed_key": second_factors.typed_key(begun) if begun else "",
        "codes": codes,
        "refusal": refusal,
        "must_have": second_factors.must_have(user),
    }
    status = HTTPStatus.FORBIDDEN if refusal else HTTPStatus.OK
    return TemplateResponse(request, "admin/second_factor/own.html", context, status=status)


def _begin(request: Any, user: Any) -> HttpResponse:
    if second_factors.factor_of(user) is None:
        second_factors.begin(user)
    return HttpResponseRedirect(reverse("second-factor"))


def _confirm(request: Any, user: Any) -> HttpResponse:
    factor, codes = second_factors.confirm(user, request.POST.get("code", ""), now=timezone.now())
    user.second_factor = factor
    _let_in(request, user, factor)
    return _page(request, user, codes=codes)


def _renew(request: Any, user: Any) -> HttpResponse:
    codes = second_factors.renew_recovery_codes(user, request.POST.get("code", ""), now=timezone.now())
    return _page(request, user, codes=codes)


def _switch_off(request: Any, user: Any) -> HttpResponse:
    second_factors.take(user, request.POST.get("code", ""), now=timezone.now())
    second_factors.remove(user, by=user, now=timezone.now())
    return HttpResponseRedirect(reverse("second-factor"))


ACTS = {"begin": _begin, "confirm": _confirm, "renew": _renew, "off": _switch_off}


def _let_in(request: Any, user: Any, factor: SecondFactor) -> None:
    """What was known of the session before is worth nothing after."""
    request.user = user
    django_otp.login(request, factor)
    request.session.cycle_key()


def _picture(factor: SecondFactor) -> str:
    """On white whatever the theme, or no phone reads it."""
    made = segno.make(second_factors.address_for_phones(factor), micro=False)
    drawn = made.svg_inline(scale=QR_SCALE, border=3, light="#fff", omitsize=True, title=_("QR code"))
    return mark_safe(drawn)


def _told(exc: second_factors.CodeRefused) -> str:
    if isinstance(exc, second_factors.GuessedTooOften):
        told = ngettext(
            "Too many wrong codes. Try again in %(count)d second.",
            "Too many wrong codes. Try again in %(count)d seconds.",
            exc.seconds,
        )
        return told % {"count": exc.seconds}
    return _("This code is wrong or was used before. Wait for the next one.")


def _wanted(request: Any) -> str:
    asked: str = request.POST.get("next", "")
    ours = {request.get_host()}
    if asked and url_has_allowed_host_and_scheme(asked, ours, require_https=request.is_secure()):
        return asked
    return reverse("admin:index")
