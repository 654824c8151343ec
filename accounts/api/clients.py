"""Clients: the companies whose numbers we run, and what they used."""

from datetime import date
from http import HTTPStatus
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import may
from accounts.api.viewsets import TenantViewSet
from accounts.models import Client, Role
from accounts.serializers import ClientSerializer, UsageQuerySerializer, UsageSerializer
from accounts.usage import month_of, totals_of, usage_of

EXAMPLE = OpenApiExample("A company", {"name": "Padaria Sol", "slug": "padaria-sol"}, request_only=True)
USED = {"inbound": 812, "outbound": 640, "files": 35, "bytes": 9812345}
USAGE = OpenApiExample(
    "One month",
    {
        "from": "2026-03",
        "to": "2026-03",
        "rows": [{"month": "2026-03", "kind": "image", **USED}],
        "totals": USED,
    },
    response_only=True,
)
MONTHS = 12
# January of the year 1, counted in months.
FIRST = 12


@extend_schema_view(
    list=extend_schema(summary="The clients you work for"),
    retrieve=extend_schema(summary="A client"),
    create=extend_schema(summary="Add a client (administrators)", examples=[EXAMPLE]),
)
class ClientViewSet(ListModelMixin, RetrieveModelMixin, CreateModelMixin, TenantViewSet):
    rows = Client.objects.all()
    serializer_class = ClientSerializer
    roles: ClassVar[dict[str, Role | None]] = {"create": None, "partial_update": Role.MANAGER}

    @extend_schema(
        summary="Rename a client; administrators also change its slug and switch it off",
        examples=[OpenApiExample("A new name", {"name": "Padaria Lua"}, request_only=True)],
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = self.get_serializer(self.get_object(), data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        if asked.validated_data.keys() - {"name"} and not may(request.user, None):
            self.permission_denied(request, message="Only an administrator changes more than the name.")
        asked.save()
        return Response(asked.data)

    @extend_schema(
        summary="What the client used, by month and kind",
        parameters=[UsageQuerySerializer],
        responses=UsageSerializer,
        examples=[USAGE],
    )
    @action(detail=True)
    def usage(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        client = self.get_object()
        asked = UsageQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        first, last = _months(asked.validated_data)
        rows = usage_of(client, first, last, instance_id=asked.validated_data.get("instance"))
        found = {"from": first, "to": last, "rows": rows, "totals": totals_of(rows)}
        return Response(UsageSerializer(found).data, HTTPStatus.OK)


def _months(asked: dict[str, Any]) -> tuple[date, date]:
    """Twelve up to the present one, unless asked otherwise."""
    last: date = asked.get("to") or month_of(timezone.now())
    earlier = max(FIRST, last.year * 12 + last.month - MONTHS)
    first: date = asked.get("from") or date(earlier // 12, earlier % 12 + 1, 1)
    if first > last:
        raise ValidationError({"from": ["It lies after the last month."]})
    return first, last
