"""The second factor of a login: a time-based code (RFC 6238), and recovery codes for a phone that is lost."""

import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin

from accounts.fields import EncryptedTextField

KEY_BYTES = 20


def new_key() -> str:
    return secrets.token_hex(KEY_BYTES)


def hashed(recovery_code: str) -> str:
    """The codes are random enough that a slow hash would add nothing."""
    return hashlib.sha256(recovery_code.encode()).hexdigest()


class SecondFactor(ThrottlingMixin, Device):  # type: ignore[misc]
    """Django-otp's own device keeps its key readable; this one encrypts it, and knows recovery codes by hash.

    ``last_step`` is the time step of the last code that was taken: none is taken twice.
    """

    name = None
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor"
    )
    key = EncryptedTextField(default=new_key, editable=False)
    last_step = models.BigIntegerField(default=-1, editable=False)
    recovery_codes: Any = models.JSONField(default=list, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")

    def __str__(self) -> str:
        return f"second factor {self.pk}"

    def get_throttle_factor(self) -> int:
        return 1
