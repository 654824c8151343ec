"""What a user may do, by memberships: who asks at the edge of admin and API asks here."""

from typing import Any

from django.db.models import Model

from accounts.models import Membership, Role


def roles_of(user: Any) -> dict[int, Role]:
    """The user's role per client. Of a superuser's token, what the token says."""
    scope = user.scope
    if user.is_superuser:
        return {scope.client: scope.role} if scope else {}
    held = _held(user)
    if scope is None:
        return held
    own = held.get(scope.client)
    return {scope.client: min(own, scope.role, key=list(Role).index)} if own else {}


def _held(user: Any) -> dict[int, Role]:
    """Read once: a user object lives as long as a request, and a page asks a hundred times."""
    if not hasattr(user, "roles_held"):
        rows = Membership.objects.in_force().filter(user=user).values_list("client", "role")
        user.roles_held = {client: Role(role) for client, role in rows}
    found: dict[int, Role] = user.roles_held
    return found


def client_id_of(row: Any) -> int:
    *relations, last = type(row)._default_manager.all().client_path.split("__")
    for relation in relations:
        row = getattr(row, relation)
    return int(row.pk if last == "pk" else getattr(row, f"{last}_id"))


def may(user: Any, role: Role | None, row: Model | None = None) -> bool:
    """Whether ``user`` has at least ``role`` where ``row`` belongs, or anywhere. No role: superusers only."""
    if not user.is_active or (user.is_superuser and user.scope is None):
        return bool(user.is_active)
    if role is None:
        return False
    own = roles_of(user)
    held = set(own.values()) if row is None else {own.get(client_id_of(row))}
    return not held.isdisjoint(role.and_above)
