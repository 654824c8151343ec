"""Who guesses passwords is slowed down by address."""

from typing import Any
from urllib.parse import quote

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from accounts.logins.callers import address_of, caller_at


class LoginThrottle(SimpleRateThrottle):
    scope = "login"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": quote(caller_at(address_of(request)))[:100]}
