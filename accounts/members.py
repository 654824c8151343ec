"""Who works for a client, and as what."""

from datetime import datetime

import structlog
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import Action
from accounts.logins.tokens import revoke_all
from accounts.models import Client, Membership, Role, User

log = structlog.get_logger(__name__)


class UnknownPerson(Exception):
    """Nobody who could log in has this name."""


class MemberAlready(Exception):
    pass


class LastManager(Exception):
    """Without another manager only an administrator could let anybody in again."""


def add(client: Client, *, username: str, role: Role, by: User) -> Membership:
    # An administrator belongs to no client, and is nobody's to be found out.
    user = User.objects.filter(username=username, is_active=True, is_superuser=False).first()
    if user is None:
        raise UnknownPerson
    try:
        with transaction.atomic():
            membership = Membership.objects.create(client=client, user=user, role=role)
            audit.note(Action.MEMBER_ADDED, membership, by=by, user=user.pk, role=role.value)
    except IntegrityError as exc:
        raise MemberAlready from exc
    log.info("member added", client=client.pk, user=user.pk, role=role.value, by=by.pk)
    return membership


def change_role(membership: Membership, role: Role, *, by: User) -> None:
    with transaction.atomic():
        if role != Role.MANAGER:
            _check_manager_remains(membership, by)
        membership.role = role
        membership.save(update_fields=["role"])
        audit.note(Action.MEMBER_CHANGED, membership, by=by, user=membership.user_id, role=role.value)
    log.info(
        "member changed", client=membership.client_id, user=membership.user_id, role=role.value, by=by.pk
    )


def remove(membership: Membership, *, by: User, now: datetime) -> None:
    with transaction.atomic():
        _check_manager_remains(membership, by)
        revoke_all(membership.user, membership.client, now=now)
        audit.note(Action.MEMBER_REMOVED, membership, by=by, at=now, user=membership.user_id)
        membership.delete()
    log.info("member removed", client=membership.client_id, user=membership.user_id, by=by.pk)


def _check_manager_remains(membership: Membership, by: User) -> None:
    """Two managers who remove each other at once must not both succeed; an administrator may do as he likes."""
    if by.is_superuser:
        return
    Client.objects.select_for_update().get(pk=membership.client_id)
    others = Membership.objects.filter(client=membership.client_id, role=Role.MANAGER).exclude(
        pk=membership.pk
    )
    if membership.role == Role.MANAGER and not others.filter(user__is_active=True).exists():
        raise LastManager
