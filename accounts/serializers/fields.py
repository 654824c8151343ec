"""Fields that rows of a client are named by."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Role
from accounts.numbers import LARGEST


class IdField(serializers.IntegerField):
    """An id that every database can look for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST, **options)


class VisibleRow(serializers.PrimaryKeyRelatedField[Any]):
    """The id of a row that the user may see, or act on as ``role``: any other one does not exist here."""

    def __init__(self, *, role: Role = Role.VIEWER, **kwargs: Any) -> None:
        # Without a field of its own, a number as large as a float can say would end in an OverflowError.
        super().__init__(pk_field=serializers.IntegerField(), **kwargs)
        self.role = role

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        return rows.visible_to(self.context["request"].user, role=self.role)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class ClientName(serializers.CharField):
    """An id or a slug."""
