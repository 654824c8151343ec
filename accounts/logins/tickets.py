"""Tickets that open a stream: the browser's EventSource cannot send a token, and an address is no place for one."""

from datetime import timedelta
from typing import Any

from django.core import signing
from django.utils import timezone

from accounts.models import ApiToken, User

LIFETIME = timedelta(hours=1)
SALT = "stream ticket"


def issue(user: Any, token: ApiToken | None) -> str:
    """Worth what the token is, or the user's password and second factor where there is none: no longer than either."""
    facts = {
        "user": user.pk,
        "token": token.pk if token else None,
        "mark": "" if token else user.session_mark,
    }
    return signing.dumps(facts, salt=SALT)


def holder(ticket: str) -> tuple[Any, ApiToken | None] | None:
    """Who was given it, and through which token; None when it is wrong or over."""
    try:
        facts: dict[str, Any] = signing.loads(ticket, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    if facts["token"] is not None:
        rows = ApiToken.objects.filter(pk=facts["token"], user=facts["user"])
        token = rows.find_usable(timezone.now())
        return (token.acting_user(), token) if token else None
    user = User.objects.select_related("second_factor").filter(pk=facts["user"], is_active=True).first()
    return (user, None) if user and facts["mark"] == user.session_mark else None
