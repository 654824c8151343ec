"""Who guesses passwords: ten wrong ones for a name from an address, and that name waits there for a while.

Counted in the database, so that every process knows, for names that exist and names that do not. Elsewhere the same
name may log in, and at the same address other names: nobody locks out a colleague from afar, or a whole office.
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

import structlog
from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.audit import Action, note, note_once
from accounts.logins.callers import address_of, caller_at
from accounts.models import User

log = structlog.get_logger(__name__)


def address(request: HttpRequest) -> str | None:
    """As the throttle of the API sees it; the first of its network for IPv6, since a column takes no network."""
    caller = caller_at(address_of(request)).partition("/")[0]
    try:
        return str(ip_address(caller))
    except ValueError:
        return None


def answer(request: HttpRequest, _response: Any = None, credentials: Any = None) -> HttpResponse:
    """Says when to come back, and nothing of whether there is such a user."""
    wait = _seconds_left(request, credentials)
    _tell(request, credentials)
    if request.path_info.startswith("/api/"):
        response: HttpResponse = JsonResponse(_problem(wait), content_type="application/problem+json")
    else:
        response = render(request, "admin/locked_out.html", {"minutes": -(-wait // 60)})
    response.status_code = int(HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(wait)
    return response


def _tell(request: HttpRequest, credentials: Any) -> None:
    user = User.objects.filter(username=_name(credentials)).first()
    log.warning("login locked out", user=user.pk if user else None, address=address(request))
    if user:
        note_once(Action.LOGIN_LOCKED, user, by=None, within=settings.AXES_COOLOFF_TIME)


def _name(credentials: Any) -> str:
    return str((credentials or {}).get("username") or "")


def _problem(wait: int) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus.TOO_MANY_REQUESTS.phrase,
        "status": int(HTTPStatus.TOO_MANY_REQUESTS),
        "code": "locked_out",
        "detail": f"Too many wrong passwords. Try again in {wait} seconds.",
    }


def _seconds_left(request: HttpRequest, credentials: Any) -> int:
    rows = AccessAttempt.objects.filter(username=_name(credentials), ip_address=address(request))
    last = rows.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    end = (last or timezone.now()) + settings.AXES_COOLOFF_TIME
    return max(1, int((end - timezone.now()).total_seconds()) + 1)


def forget(request: HttpRequest, username: str) -> None:
    """After a login that made no session; axes itself sees those that do."""
    AccessAttempt.objects.filter(username=username, ip_address=address(request)).delete()


def unlock(username: str, at: str | None, *, by: Any, now: datetime) -> int:
    count = int(AccessAttempt.objects.filter(username=username, ip_address=at).delete()[0])
    user = User.objects.filter(username=username).first()
    note(Action.LOGIN_UNLOCKED, user, by=by, at=now, attempts=count)
    return count


def is_locked(failures: int, last: datetime, *, now: datetime) -> bool:
    cool_off: timedelta = settings.AXES_COOLOFF_TIME
    return failures >= settings.AXES_FAILURE_LIMIT and last > now - cool_off
