"""Keys that front ends log in with."""

import hashlib
import secrets
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.tenancy import Client, Role, Scope, TenantQuerySet, User

PREFIX = "mct_"
SHOWN = 12


class ApiTokenQuerySet(TenantQuerySet):
    def valid(self, now: datetime) -> Self:
        alive = Q(expires_at=None) | Q(expires_at__gt=now)
        return self.filter(alive, revoked_at=None)

    def usable(self, now: datetime) -> Self:
        """Valid, and neither its user nor its client is switched off."""
        return self.valid(now).filter(user__is_active=True, client__is_active=True)

    def find_usable(self, now: datetime) -> "ApiToken | None":
        token: ApiToken | None = self.usable(now).select_related("user", "client").first()
        return token if token and token.fits(token.user) else None

    def with_key(self, key: str) -> Self:
        return self.filter(digest=digest_of(key))


class ApiToken(models.Model):
    """Acts as its user, within one client and with at most ``role`` there.

    The key itself is shown once and never stored; ``digest`` is its SHA-256 in hex, which is enough for a random key
    of 256 bits. ``hint`` is how it begins, so that people can tell their tokens apart. One that was had for a password
    has its mark and ends with it; one that was made by another token ends with that one.
    """

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="api_tokens", verbose_name=_("user")
    )
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="api_tokens", verbose_name=_("client")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.OPERATOR)
    name = models.CharField(_("name"), max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(_("hint"), max_length=SHOWN, editable=False)
    password_mark = models.CharField(max_length=16, blank=True, default="", editable=False)
    made_by = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="made",
        editable=False,
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @property
    def scope(self) -> Scope:
        return Scope(self.client_id, Role(self.role))

    def fits(self, user: User) -> bool:
        return self.password_mark in ("", user.password_mark)

    def acting_user(self) -> User:
        """The token's user, who then carries its scope, which every query asks for."""
        user: User = self.user
        user.scope = self.scope
        user.token_hint = self.hint
        return user

    @classmethod
    def issue(cls, **facts: Any) -> "tuple[ApiToken, str]":
        """The stored token and its key, which nobody can be shown again."""
        key = PREFIX + secrets.token_urlsafe(32)
        return cls.objects.create(digest=digest_of(key), hint=key[:SHOWN], **facts), key


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
