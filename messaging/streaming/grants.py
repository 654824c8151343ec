"""As whom a stream was opened, and what that allows by now: an open stream outlives logouts and revoked tokens."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session

from accounts.models import ApiToken, Change, Membership, User


@dataclass(frozen=True, slots=True)
class Grant:
    """``mark`` changes with the user's password and second factor; a token has its own end."""

    user: int
    token: int | None
    session: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Clients whose changes may be heard; None is all of them."""

    clients: frozenset[int] | None

    def covers(self, client: int) -> bool:
        return self.clients is None or client in self.clients

    def rows(self) -> Any:
        rows = Change.objects.all()
        return rows if self.clients is None else rows.filter(client__in=self.clients)


def grant_of(user: Any, token: ApiToken | None, session: str | None) -> Grant:
    if token:
        return Grant(user.pk, token.pk)
    return Grant(user.pk, None, session or "", user.session_mark)


def reaches(grants: Collection[Grant], now: datetime) -> dict[Grant, Reach]:
    """Only those that still allow anything, by four queries for however many."""
    active = User.objects.select_related("second_factor").filter(is_active=True)
    users = active.in_bulk({grant.user for grant in grants})
    ids = {grant.token for grant in grants if grant.token}
    tokens = ApiToken.objects.usable(now).in_bulk(ids) if ids else {}
    keys = {grant.session for grant in grants if grant.session}
    sessions = Session.objects.filter(expire_date__gt=now).in_bulk(keys) if keys else {}
    works_for: dict[int, set[int]] = defaultdict(set)
    for user, client in Membership.objects.in_force().filter(user__in=users).values_list("user", "client"):
        works_for[user].add(client)
    found = {}
    for grant in grants:
        user, token = users.get(grant.user), tokens.get(grant.token)
        if user is None or (grant.session and grant.session not in sessions):
            continue
        if grant.token is None and grant.mark == user.session_mark:
            found[grant] = Reach(None if user.is_superuser else frozenset(works_for[user.pk]))
        elif token and token.fits(user) and (user.is_superuser or token.client_id in works_for[user.pk]):
            found[grant] = Reach(frozenset({token.client_id}))
    return found
