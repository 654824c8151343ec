"""Who works for a client."""

from http import HTTPStatus
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import members
from accounts.api.parsing import asked
from accounts.api.permissions import user_of
from accounts.api.problems import Problem
from accounts.api.schema import refusals
from accounts.api.viewsets import TenantViewSet
from accounts.models import Client, Membership, Role
from accounts.serializers import MembershipSerializer, NewMemberSerializer

EXAMPLE = OpenApiExample("A colleague", {"username": "bruno", "role": "operator"}, request_only=True)
OF_CLIENT = OpenApiParameter("client", int, OpenApiParameter.PATH)
LAST = refusals({409: "The client would be without a manager."})


@extend_schema_view(list=extend_schema(summary="Who works for the client", parameters=[OF_CLIENT]))
class MemberViewSet(ListModelMixin, TenantViewSet):
    rows = Membership.objects.select_related("user")
    queryset = Membership.objects.none()
    serializer_class = MembershipSerializer
    write_role = Role.MANAGER

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(client=self.client())

    def client(self) -> Client:
        mine = Client.objects.visible_to(self.request.user)
        found: Client = get_object_or_404(mine, pk=self.kwargs["client"])
        return found

    @extend_schema(
        summary="Let somebody with an account work for the client",
        parameters=[OF_CLIENT],
        request=NewMemberSerializer,
        responses={201: MembershipSerializer},
        examples=[EXAMPLE],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        client = self.client()
        self.check_role(client)
        wish = asked(NewMemberSerializer, request)
        try:
            membership = members.add(
                client, username=wish["username"], role=Role(wish["role"]), by=user_of(request)
            )
        except members.UnknownPerson as exc:
            raise ValidationError({"username": ["There is no user with this name."]}, "unknown") from exc
        except members.MemberAlready as exc:
            raise ValidationError(
                {"username": ["This user already belongs to the client."]}, "unique"
            ) from exc
        return Response(MembershipSerializer(membership).data, HTTPStatus.CREATED)

    @extend_schema(
        summary="Change a role",
        parameters=[OF_CLIENT],
        request=MembershipSerializer,
        responses={200: MembershipSerializer} | LAST,
        examples=[OpenApiExample("May only look", {"role": "viewer"}, request_only=True)],
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        membership = self.get_object()
        role = Role(asked(MembershipSerializer, request)["role"])
        try:
            members.change_role(membership, role, by=user_of(request))
        except members.LastManager as exc:
            raise _nobody_left() from exc
        return Response(MembershipSerializer(membership).data)

    @extend_schema(
        summary="End somebody's work for the client; their tokens there are revoked",
        parameters=[OF_CLIENT],
        responses={204: None} | LAST,
    )
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            members.remove(self.get_object(), by=user_of(request), now=timezone.now())
        except members.LastManager as exc:
            raise _nobody_left() from exc
        return Response(status=HTTPStatus.NO_CONTENT)


def _nobody_left() -> Problem:
    told = "Make somebody else a manager first; otherwise only an administrator could."
    return Problem(HTTPStatus.CONFLICT, "last_manager", told)
