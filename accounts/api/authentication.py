"""Tokens of front ends."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User

SCHEMES = (b"bearer", b"token")
# The time of last use is for people; every request need not write it.
NOTED_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer mct_…``."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() not in SCHEMES:
            return None
        if len(words) != 2:
            raise AuthenticationFailed("The Authorization header must be: Bearer <token>.")
        token = find_token(words[1].decode("utf-8", "replace"))
        if token is None:
            raise AuthenticationFailed("This token is wrong, expired or revoked.")
        return token.acting_user(), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def find_token(key: str) -> ApiToken | None:
    now = timezone.now()
    token = ApiToken.objects.with_key(key).find_usable(now)
    if token and (token.last_used_at is None or token.last_used_at < now - NOTED_EVERY):
        # Of requests at the same time one notes it.
        unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
        ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
    return token
