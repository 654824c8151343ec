"""The audit trail, for managers."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from accounts.api.filters import IdFilter, MomentFilter
from accounts.api.viewsets import TenantViewSet
from accounts.models import AuditEntry, Role
from accounts.serializers.audit import AuditEntrySerializer


class AuditFilter(filters.FilterSet):
    client = IdFilter()
    instance = IdFilter()
    user = IdFilter()
    action = filters.CharFilter(label="A word like `message.sent`.")
    object_type = filters.CharFilter(label="A word like `messaging.conversation`.")
    object_id = IdFilter(label="Of the object; with `object_type`.")
    since = MomentFilter(field_name="at", lookup_expr="gte")
    until = MomentFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEntry
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(
        summary="Who did what, the newest first; for managers",
        description="Entries are never changed. They tell neither what was written nor any secret.",
    ),
    retrieve=extend_schema(summary="One entry of the audit trail"),
)
class AuditViewSet(ListModelMixin, RetrieveModelMixin, TenantViewSet):
    rows = AuditEntry.objects.all()
    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter
    time_field = "at"
    read_role = Role.MANAGER
