"""Webhooks out, for managers: where to, what became of each delivery, and once more."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.mixins import DestroyModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.filters import IdFilter
from accounts.api.parsing import asked
from accounts.api.problems import Problem
from accounts.api.schema import refusals
from accounts.api.viewsets import ForManagers
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.serializers.endpoints import (
    CreatedWebhookEndpointSerializer,
    DeliveryQuerySerializer,
    EnableEndpointSerializer,
    NewWebhookEndpointSerializer,
    ReplayedSerializer,
    ReplaySerializer,
    WebhookDeliveryDetailSerializer,
    WebhookDeliverySerializer,
    WebhookEndpointSerializer,
    WebhookSecretSerializer,
)
from messaging.services import webhooks_out

EXAMPLE = OpenApiExample(
    "Messages only",
    {"client": 1, "name": "CRM", "url": "https://crm.example/hooks/multichat", "events": ["message.*"]},
    request_only=True,
)
OFF = refusals({409: "`switched_off`: the endpoint has to be switched on first."})


class EndpointFilter(filters.FilterSet):
    client = IdFilter()
    is_active = filters.BooleanFilter()

    class Meta:
        model = WebhookEndpoint
        fields: list[str] = []


@contextmanager
def switched_off_is_a_conflict() -> Iterator[None]:
    try:
        yield
    except webhooks_out.SwitchedOff as exc:
        text = "The endpoint is switched off; switch it on first."
        raise Problem(HTTPStatus.CONFLICT, "switched_off", text) from exc


@extend_schema_view(
    list=extend_schema(summary="Webhook endpoints of the clients that you manage"),
    retrieve=extend_schema(summary="One webhook endpoint"),
    destroy=extend_schema(summary="Delete an endpoint and its log"),
)
class WebhookEndpointViewSet(ListModelMixin, RetrieveModelMixin, DestroyModelMixin, ForManagers):
    rows = WebhookEndpoint.objects.sealed().select_related("client")
    serializer_class = WebhookEndpointSerializer
    filterset_class = EndpointFilter

    @extend_schema(
        summary="Have a client's own system told of changes",
        request=NewWebhookEndpointSerializer,
        responses={201: CreatedWebhookEndpointSerializer},
        examples=[EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        made = webhooks_out.create(**asked(NewWebhookEndpointSerializer, request))
        return Response(CreatedWebhookEndpointSerializer(made).data, HTTPStatus.CREATED)

    @extend_schema(summary="Change an endpoint, or switch it on or off")
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        endpoint = self.get_object()
        facts = asked(WebhookEndpointSerializer, request, endpoint)
        changed = webhooks_out.change(endpoint, facts, now=timezone.now())
        return Response(WebhookEndpointSerializer(changed).data)

    def perform_destroy(self, endpoint: WebhookEndpoint) -> None:
        webhooks_out.remove(endpoint)

    @extend_schema(
        summary="Sign with a new secret from now on",
        request=None,
        responses={200: WebhookSecretSerializer},
    )
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        secret = webhooks_out.rotate_secret(self.get_object())
        return Response(WebhookSecretSerializer({"secret": secret}).data)

    @extend_schema(
        summary="Switch an endpoint on again",
        request=EnableEndpointSerializer,
        responses={200: WebhookEndpointSerializer},
        examples=[OpenApiExample("Let go of what was missed", {"resume_from": "now"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        endpoint = self.get_object()
        from_now = asked(EnableEndpointSerializer, request)["resume_from"] == "now"
        webhooks_out.enable(endpoint, now=timezone.now(), from_now=from_now)
        return Response(WebhookEndpointSerializer(endpoint).data)

    @extend_schema(
        summary="Send a `ping` to try the endpoint",
        request=None,
        responses={202: WebhookDeliverySerializer} | OFF,
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with switched_off_is_a_conflict():
            made = webhooks_out.ping(self.get_object(), now=timezone.now())
        return Response(WebhookDeliverySerializer(made).data, HTTPStatus.ACCEPTED)

    @extend_schema(
        summary="The log of deliveries, newest first",
        parameters=[DeliveryQuerySerializer],
        filters=False,
        responses={200: WebhookDeliverySerializer(many=True)},
    )
    @action(detail=True, methods=["get"])
    def deliveries(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        endpoint = self.get_object()
        query = DeliveryQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = WebhookDelivery.objects.filter(endpoint=endpoint, **query.validated_data).defer("body")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(WebhookDeliverySerializer(page, many=True).data)

    @extend_schema(
        summary="Deliver many once more, a bounded number per call",
        request=ReplaySerializer,
        responses={202: ReplayedSerializer} | OFF,
        examples=[OpenApiExample("After an outage", {"since": "2026-03-01T12:00:00Z"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        endpoint = self.get_object()
        wish = asked(ReplaySerializer, request)
        with switched_off_is_a_conflict():
            count, more = webhooks_out.replay(endpoint, **wish, now=timezone.now())
        return Response(ReplayedSerializer({"replayed": count, "more": more}).data, HTTPStatus.ACCEPTED)


@extend_schema_view(retrieve=extend_schema(summary="One delivery, with the body"))
class WebhookDeliveryViewSet(RetrieveModelMixin, ForManagers):
    rows = WebhookDelivery.objects.select_related("endpoint").defer("endpoint__secret")
    serializer_class = WebhookDeliveryDetailSerializer

    @extend_schema(
        summary="Deliver it once more, with the same event id",
        request=None,
        responses={202: WebhookDeliverySerializer} | OFF,
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with switched_off_is_a_conflict():
            again = webhooks_out.replay_one(self.get_object(), now=timezone.now())
        return Response(WebhookDeliverySerializer(again).data, HTTPStatus.ACCEPTED)
