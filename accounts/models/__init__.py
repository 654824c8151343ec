"""Clients, the people who work for them, their WhatsApp instances, and what changed for them."""

from accounts.models.audit import Action, AuditEntry
from accounts.models.changes import Change
from accounts.models.factors import SecondFactor
from accounts.models.instances import InstanceQuerySet, WhatsappInstance, new_webhook_key
from accounts.models.retention import RetentionRule
from accounts.models.tenancy import (
    Client,
    ClientQuerySet,
    Membership,
    OfInstance,
    Role,
    Scope,
    TenantQuerySet,
    User,
)
from accounts.models.tokens import ApiToken
from accounts.models.usage import Usage

__all__ = [
    "Action",
    "ApiToken",
    "AuditEntry",
    "Change",
    "Client",
    "ClientQuerySet",
    "InstanceQuerySet",
    "Membership",
    "OfInstance",
    "RetentionRule",
    "Role",
    "Scope",
    "SecondFactor",
    "TenantQuerySet",
    "Usage",
    "User",
    "WhatsappInstance",
    "new_webhook_key",
]
