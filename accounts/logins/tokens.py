"""Logging in and out by token. A key is told once and never logged."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth import authenticate
from django.db.models import Q
from django.http import HttpRequest

from accounts import audit
from accounts.access import roles_of
from accounts.audit import Action
from accounts.logins.lockouts import forget
from accounts.logins.second_factors import demand
from accounts.models import ApiToken, Client, Role, User
from accounts.numbers import whole_number

log = structlog.get_logger(__name__)

LOGIN_LASTS = timedelta(hours=12)
LOGIN_LASTS_AT_MOST = timedelta(days=90)
# Every login leaves a row; an old one tells nobody anything.
KEPT_AFTER_END = timedelta(days=30)
CHOICES = 100


class LoginFailed(Exception):
    """Name or password is wrong, or the user is switched off: which of them is nobody's business."""


class ClientUnclear(Exception):
    """The user works for several clients, or for none of that name."""

    def __init__(self, choices: list[Client]) -> None:
        super().__init__(f"{len(choices)} clients")
        self.choices = choices


class TooWide(Exception):
    """A token may do no more, and no longer, than whoever makes it."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """``client`` is an id or a slug, or empty; ``address`` is where the request came from."""

    username: str
    password: str = field(repr=False)
    otp: str = field(default="", repr=False)
    client: str = ""
    name: str = "Login"
    role: Role | None = None
    lasts: timedelta = LOGIN_LASTS
    address: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """``role`` None: as wide as may be."""

    name: str
    client: Client
    role: Role | None = None
    expires_at: datetime | None = None


def log_in(request: HttpRequest, login: Login, *, now: datetime) -> tuple[ApiToken, str]:
    user = _who(request, login)
    demand(user, login.otp, now=now)
    forget(request, login.username)
    client = _which(user, login.client)
    wish = Wish(name=login.name, client=client, role=login.role, expires_at=now + login.lasts)
    token, key = issue(user, wish, now=now, mark=user.password_mark)
    User.objects.filter(pk=user.pk).update(last_login=now)
    ApiToken.objects.filter(user=user, expires_at__lt=now - KEPT_AFTER_END).delete()
    log.info("logged in", user=user.pk, client=client.pk, token=token.pk, address=login.address)
    return token, key


def _who(request: HttpRequest, login: Login) -> User:
    user = authenticate(request, username=login.username, password=login.password)
    if isinstance(user, User):
        return user
    known = User.objects.filter(username=login.username).values_list("pk", flat=True).first()
    log.warning("login failed", user=known, address=login.address)
    raise LoginFailed


def _which(user: User, named: str) -> Client:
    own = Client.objects.filter(is_active=True).visible_to(user)
    if not named:
        found = list(own[: CHOICES + 1])
    else:
        number = whole_number(named)
        by_id = own.filter(pk=number) if number else own.none()
        found = list(by_id) or list(own.filter(slug=named))
    if len(found) != 1:
        raise ClientUnclear(list(own[:CHOICES]))
    chosen: Client = found[0]
    return chosen


def issue(
    user: User, wish: Wish, *, now: datetime, maker: ApiToken | None = None, mark: str = ""
) -> tuple[ApiToken, str]:
    """``maker`` is the token that asks for another one; ``mark`` binds to the password that was given."""
    most = Role.MANAGER if _is_boundless(user) else roles_of(user).get(wish.client.pk)
    if most is None:
        raise TooWide("client", "You do not work for this client.")
    role = Role(wish.role or most)
    if role not in most.and_below:
        raise TooWide("role", f"Your own role for this client is {most.value}.")
    token, key = ApiToken.issue(
        user=user,
        client=wish.client,
        role=role,
        name=wish.name,
        expires_at=_end(wish.expires_at, maker, now),
        created_at=now,
        made_by=maker,
        password_mark=maker.password_mark if maker else mark,
    )
    # Given for a password, it is a login and nothing else.
    audit.note(Action.LOGIN if mark else Action.TOKEN_ISSUED, token, by=user, at=now, role=role.value)
    log.info("token issued", user=user.pk, client=wish.client.pk, token=token.pk, role=role.value)
    return token, key


def _is_boundless(user: User) -> bool:
    return user.is_superuser and user.scope is None


def _end(wanted: datetime | None, maker: ApiToken | None, now: datetime) -> datetime | None:
    if wanted and wanted <= now:
        raise TooWide("expires_at", "This time has passed.")
    limit = maker.expires_at if maker else None
    if wanted and limit and wanted > limit:
        raise TooWide("expires_at", "The token that you use ends earlier.")
    return wanted or limit


def revoke(token: ApiToken, *, by: User, now: datetime) -> bool:
    """False when it was revoked before. What was made by it goes with it."""
    done = bool(ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now))
    made = [token.pk]
    while made := list(ApiToken.objects.filter(made_by__in=made).values_list("pk", flat=True)):
        ApiToken.objects.filter(pk__in=made, revoked_at=None).update(revoked_at=now)
    if done:
        audit.note(Action.TOKEN_REVOKED, token, by=by, at=now, user=token.user_id)
        log.info("token revoked", user=token.user_id, client=token.client_id, token=token.pk, by=by.pk)
    return done


def revoke_all(user: User, client: Client, *, now: datetime) -> int:
    """Who no longer works for a client must not come back with an old key when hired again."""
    return int(ApiToken.objects.filter(user=user, client=client, revoked_at=None).update(revoked_at=now))


def within_reach(user: User) -> Any:
    """The user's own tokens, and as a manager those of the client; through a token, none that is wider."""
    mine = ApiToken.objects.visible_to(user).filter(user=user)
    managed = ApiToken.objects.visible_to(user, role=Role.MANAGER)
    if user.scope:
        mine = mine.filter(role__in=user.scope.role.and_below)
    return ApiToken.objects.filter(Q(pk__in=mine.values("pk")) | Q(pk__in=managed.values("pk")))
