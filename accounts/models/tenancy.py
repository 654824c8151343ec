"""Clients and the people who work for them."""

import hashlib
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import languages


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    OPERATOR = "operator", _("Operator")
    MANAGER = "manager", _("Manager")

    @property
    def and_above(self) -> "list[Role]":
        return list(Role)[list(Role).index(self) :]

    @property
    def and_below(self) -> "list[Role]":
        return list(Role)[: list(Role).index(self) + 1]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an API token narrows its user's rights to: one client, and no more than one role there."""

    client: int
    role: Role


class TenantQuerySet(models.QuerySet[Any]):
    """Rows of one client each. ``client_path`` leads from the row to its client."""

    client_path = "client"

    def visible_to(self, user: "User | AnonymousUser", *, role: Role = Role.VIEWER) -> Self:
        """What ``user`` may see, or do as at least ``role``. Every reader at the edge starts here."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        scope = user.scope
        if scope and role not in scope.role.and_below:
            return self.none()
        rows = self.filter(**{self.client_path: scope.client}) if scope else self.all()
        if user.is_superuser:
            return rows
        own = Membership.objects.in_force().filter(user=user, role__in=role.and_above).values("client")
        return rows.filter(**{f"{self.client_path}__in": own})


class OfInstance(TenantQuerySet):
    client_path = "instance__client"


class ClientQuerySet(TenantQuerySet):
    client_path = "pk"


class Client(models.Model):
    """The tenant: a company whose numbers we run."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    is_active = models.BooleanField(_("active"), default=True)
    quota_bytes = models.PositiveBigIntegerField(
        _("storage quota in bytes"),
        null=True,
        blank=True,
        help_text=_(
            "The most that stored files may take, each counted once. Files that come beyond it wait. Empty: no limit."
        ),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = ClientQuerySet.as_manager()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person who logs in. A superuser administers the whole platform; others see what their memberships give.

    ``scope`` and ``token_hint`` are set by whoever authenticated the request with a token, never stored.
    """

    scope: Scope | None = None
    token_hint: str = ""

    clients: "models.ManyToManyField[Client, Membership]" = models.ManyToManyField(
        Client, through="Membership", related_name="users"
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        default="",
        choices=languages.choices,
        help_text=_("Of these screens. Empty: what the browser asks for."),
    )

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]

    @property
    def password_mark(self) -> str:
        """Changes with the password, and does not tell it."""
        return hashlib.sha256(self.get_session_auth_hash().encode()).hexdigest()[:16]

    @property
    def session_mark(self) -> str:
        """Changes with the password and with the second factor: what was opened by a session is over then."""
        factor = getattr(self, "second_factor", None)
        return f"{self.password_mark}-{factor.pk}" if factor and factor.confirmed else self.password_mark


class MembershipQuerySet(TenantQuerySet):
    def in_force(self) -> Self:
        """A client that is switched off is nobody's any more but the administrator's."""
        return self.filter(client__is_active=True)


class Membership(models.Model):
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("client")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "client"], name="one_membership_per_client")]

    def __str__(self) -> str:
        return f"{self.user} · {self.client} · {self.role}"
