"""The second factor of a login: switching it on and off, and taking its codes. None works twice."""

import secrets
from base64 import b32encode
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import transaction
from django_otp.oath import TOTP

from accounts.audit import Action, note, note_once
from accounts.models import SecondFactor
from accounts.models.factors import hashed

ISSUER = "MultiChat"
STEP_SECONDS = 30
DIGITS = 6
# Phones whose clock is off by one step are understood.
TOLERANCE = 1
RECOVERY_CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
# Guesses wait 1, 2, 4, 8 seconds and so on; a forgotten phone must not lock its owner out for good.
LONGEST_WAIT = timedelta(minutes=15)
DOUBLINGS = 10
# Guesses within this time are one entry of the trail.
GUESSED_AGAIN = timedelta(minutes=1)


class CodeRefused(Exception):
    """The code is wrong, or was used before."""


class GuessedTooOften(CodeRefused):
    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class CodeNeeded(Exception):
    """The user has a second factor, and gave no code."""


class NotSetUp(Exception):
    """SECOND_FACTOR_REQUIRED asks for one that the user does not have yet."""


def factor_of(user: Any) -> SecondFactor | None:
    """The one in force."""
    found: SecondFactor | None = getattr(user, "second_factor", None)
    return found if found and found.confirmed else None


def must_have(user: Any) -> bool:
    rule = settings.SECOND_FACTOR_REQUIRED
    return bool({"staff": user.is_staff, "superusers": user.is_superuser}.get(rule, False))


def begin(user: Any) -> SecondFactor:
    """A new key that counts for nothing until a code proves that a phone has it."""
    with transaction.atomic():
        SecondFactor.objects.filter(user=user, confirmed=False).delete()
        factor: SecondFactor = SecondFactor.objects.create(user=user, confirmed=False)
    return factor


def begun(user: Any) -> SecondFactor | None:
    found: SecondFactor | None = SecondFactor.objects.filter(user=user, confirmed=False).first()
    return found


def confirm(user: Any, code: str, *, now: datetime) -> tuple[SecondFactor, list[str]]:
    """Recovery codes are told here and never again."""
    factor = take(user, code, now=now, confirmed=False)
    codes = new_recovery_codes(factor)
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed=True)
    factor.confirmed = True
    note(Action.USER_SECOND_FACTOR_ADDED, user, by=user, at=now)
    return factor, codes


def renew_recovery_codes(user: Any, code: str, *, now: datetime) -> list[str]:
    factor = take(user, code, now=now)
    with transaction.atomic():
        note(Action.USER_RECOVERY_CODES_MADE, user, by=user, at=now)
        return new_recovery_codes(factor)


def new_recovery_codes(factor: SecondFactor) -> list[str]:
    codes = ["-".join(_letters(4) for _ in range(4)) for _ in range(RECOVERY_CODES)]
    factor.recovery_codes = [hashed(code) for code in codes]
    factor.save(update_fields=["recovery_codes"])
    return codes


def remove(user: Any, *, by: Any, now: datetime) -> bool:
    """What a session or an open stream proved with it is over, too. False when there was none."""
    done = bool(SecondFactor.objects.filter(user=user).delete()[0])
    if done:
        note(Action.USER_SECOND_FACTOR_REMOVED, user, by=by, at=now)
    return done


def demand(user: Any, code: str, *, now: datetime) -> None:
    """For a login in one step."""
    if factor_of(user):
        if not code:
            raise CodeNeeded
        take(user, code, now=now)
    elif must_have(user):
        raise NotSetUp


def take(user: Any, code: str, *, now: datetime, confirmed: bool = True) -> SecondFactor:
    """The failure is written down before it is told."""
    with transaction.atomic():
        factor: SecondFactor = SecondFactor.objects.select_for_update().get(user=user, confirmed=confirmed)
        refusal = _refusal(factor, code, now)
        factor.save()
    if refusal:
        if confirmed:
            note_once(Action.LOGIN_FAILED, user, by=None, at=now, within=GUESSED_AGAIN, looks=True)
        raise refusal
    return factor


def _refusal(factor: SecondFactor, code: str, now: datetime) -> CodeRefused | None:
    wait = _wait(factor, now)
    if wait > timedelta(0):
        return GuessedTooOften(int(wait.total_seconds()) + 1)
    plain = "".join(code.split()).lower()
    if _is_current(factor, plain, now) or _is_recovery(factor, plain):
        factor.throttle_reset(commit=False)
        return None
    factor.throttling_failure_count += 1
    factor.throttling_failure_timestamp = now
    return CodeRefused("wrong code")


def _wait(factor: SecondFactor, now: datetime) -> timedelta:
    if not factor.throttling_failure_count or factor.throttling_failure_timestamp is None:
        return timedelta(0)
    doubled = timedelta(seconds=2 ** min(factor.throttling_failure_count - 1, DOUBLINGS))
    end: datetime = factor.throttling_failure_timestamp + min(doubled, LONGEST_WAIT)
    return end - now


def _is_current(factor: SecondFactor, code: str, now: datetime) -> bool:
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return False
    clock = TOTP(bytes.fromhex(factor.key), STEP_SECONDS, digits=DIGITS)
    clock.time = now.timestamp()
    if not clock.verify(int(code), TOLERANCE, factor.last_step + 1):
        return False
    factor.last_step = clock.t()
    return True


def _is_recovery(factor: SecondFactor, code: str) -> bool:
    known = hashed(code)
    left = [one for one in factor.recovery_codes if not secrets.compare_digest(one, known)]
    found = len(left) < len(factor.recovery_codes)
    factor.recovery_codes = left
    return found


def typed_key(factor: SecondFactor) -> str:
    """For phones that cannot see the picture, in groups of four."""
    text = b32encode(bytes.fromhex(factor.key)).decode()
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def address_for_phones(factor: SecondFactor) -> str:
    facts = {"secret": typed_key(factor).replace(" ", ""), "issuer": ISSUER, "digits": DIGITS}
    return f"otpauth://totp/{ISSUER}:{quote(factor.user.get_username())}?{urlencode(facts)}"


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))
