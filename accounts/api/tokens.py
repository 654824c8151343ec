"""Tokens that front ends and programs log in with."""

from http import HTTPStatus
from typing import Any, ClassVar

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.filters import IdFilter
from accounts.api.parsing import asked
from accounts.api.permissions import user_of
from accounts.api.viewsets import TenantViewSet
from accounts.logins.tokens import TooWide, Wish, issue, revoke, within_reach
from accounts.models import ApiToken, Role
from accounts.serializers import IssuedTokenSerializer, NewTokenSerializer, TokenSerializer


class TokenFilters(filters.FilterSet):
    client = IdFilter()
    user = IdFilter()
    valid = filters.BooleanFilter(method="only_valid", label="Neither expired nor revoked.")

    def only_valid(self, rows: Any, name: str, value: bool) -> Any:
        valid = ApiToken.objects.valid(timezone.now())
        return rows.filter(pk__in=valid) if value else rows.exclude(pk__in=valid)


@extend_schema_view(
    list=extend_schema(summary="Your tokens; as a manager, all of the client"),
    destroy=extend_schema(summary="Revoke a token", responses={204: None}),
)
class TokenViewSet(ListModelMixin, TenantViewSet):
    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer
    filterset_class = TokenFilters
    time_field = "created_at"
    roles: ClassVar[dict[str, Role | None]] = {"create": Role.VIEWER, "destroy": Role.VIEWER}

    def get_queryset(self) -> Any:
        return within_reach(user_of(self.request)).select_related("user")

    @extend_schema(
        summary="Make a token, no wider than your own rights",
        request=NewTokenSerializer,
        responses={201: IssuedTokenSerializer},
        examples=[
            OpenApiExample("A dashboard", {"name": "Wall", "client": 1, "role": "viewer"}, request_only=True)
        ],
    )
    def create(self, request: Request) -> Response:
        wish = Wish(**asked(NewTokenSerializer, request))
        maker = request.auth if isinstance(request.auth, ApiToken) else None
        try:
            token, key = issue(user_of(request), wish, now=timezone.now(), maker=maker)
        except TooWide as exc:
            raise ValidationError({exc.field: [exc.detail]}) from exc
        return Response(TokenSerializer(token).data | {"token": key}, HTTPStatus.CREATED)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        revoke(self.get_object(), by=user_of(request), now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)
