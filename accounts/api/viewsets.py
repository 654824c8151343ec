"""What every view of a client's rows has in common."""

from typing import Any

from rest_framework.viewsets import GenericViewSet

from accounts.access import may
from accounts.api.permissions import role_for
from accounts.api.schema import ID_PATTERN
from accounts.models import Role


class TenantViewSet(GenericViewSet):  # type: ignore[type-arg]
    """Rows of the user's clients only: what belongs to another one does not exist here.

    ``rows`` is the queryset to start from; ``time_field`` orders and pages the list.
    """

    rows: Any = None
    time_field = ""
    lookup_value_regex = ID_PATTERN

    def get_queryset(self) -> Any:
        return self.rows.all().visible_to(self.request.user)

    def filter_queryset(self, queryset: Any) -> Any:
        """Lists are narrowed; no filter hides a single row."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def check_role(self, row: Any) -> None:
        """For an object that the view did not get by ``get_object``."""
        if not may(self.request.user, role_for(self.request, self), row):
            self.permission_denied(self.request, message="Your role for this client does not allow this.")


class ForManagers(TenantViewSet):
    """Another client's row does not exist here; of one's own clients, those are listed that one manages."""

    read_role = write_role = Role.MANAGER

    def get_queryset(self) -> Any:
        role = Role.MANAGER if self.action == "list" else Role.VIEWER
        return self.rows.all().visible_to(self.request.user, role=role)
