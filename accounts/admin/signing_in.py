"""The login form of these screens: as slow to guess at as the API's."""

import math
from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import ngettext

from accounts.logins.throttles import LoginThrottle


class LoginForm(AdminAuthenticationForm):
    def clean(self) -> dict[str, Any]:
        throttle = LoginThrottle()
        if not throttle.allow_request(self.request, None):  # type: ignore[arg-type]
            seconds = math.ceil(throttle.wait() or 1)
            told = ngettext(
                "Too many logins from your address. Try again in %(count)d second.",
                "Too many logins from your address. Try again in %(count)d seconds.",
                seconds,
            )
            raise ValidationError(told % {"count": seconds}, code="throttled")
        return super().clean() or {}


admin.site.login_form = LoginForm
