"""Who may do what: viewers read, operators write, and a view says where more is asked for."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.access import may
from accounts.models import Role, User


class ByRole(BasePermission):
    """``read_role`` and ``write_role`` of the view, or ``roles`` by the name of the action: None is for superusers.

    What a user may not see at all is the queryset's business, so it answers 404; this one says 403.
    """

    message = "Your role for this client does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated) and may(
            request.user, role_for(request, view)
        )

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return may(request.user, role_for(request, view), obj)


class LoggedIn(BasePermission):
    """For what belongs to the user alone."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated)


def user_of(request: Request) -> User:
    """For views that nobody reaches without a login."""
    user = request.user
    assert isinstance(user, User)
    return user


def role_for(request: Request, view: Any) -> Role | None:
    roles: dict[str | None, Role | None] = getattr(view, "roles", {})
    action = getattr(view, "action", None)
    if action in roles:
        return roles[action]
    if request.method in SAFE_METHODS:
        return getattr(view, "read_role", Role.VIEWER)
    return getattr(view, "write_role", Role.OPERATOR)
