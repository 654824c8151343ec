"""WhatsApp instances: what they are, whether they are connected, and where their webhooks go."""

import base64
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, reading_back, services
from accounts.api.filters import IdFilter
from accounts.api.lines import trouble, wait_for
from accounts.api.parsing import asked
from accounts.api.problems import Problem
from accounts.api.schema import refusals
from accounts.api.viewsets import TenantViewSet
from accounts.audit import Action
from accounts.fields import CannotDecrypt
from accounts.models import Role, WhatsappInstance
from accounts.providers.errors import ProviderError
from accounts.serializers import (
    CheckedSerializer,
    InstanceSerializer,
    PairingCodeSerializer,
    PhoneSerializer,
    QrCodeSerializer,
    WebhookAddressSerializer,
    WebhooksSerializer,
)

NEW = OpenApiExample(
    "A line at W-API",
    {"client": 1, "name": "Sales", "provider": "wapi", "instance_id": "AB12CD-EF34GH-IJ56KL", "token": "…"},
    request_only=True,
)
ASKED = refusals(
    {
        409: "The provider refuses, the line is down, or it has no such call: see the code.",
        502: "The provider's answer makes no sense.",
        503: "The provider does not answer; see Retry-After.",
    }
)


class InstanceFilters(filters.FilterSet):
    client = IdFilter()
    provider = filters.ChoiceFilter(choices=WhatsappInstance.Provider.choices)
    status = filters.ChoiceFilter(choices=WhatsappInstance.Status.choices)
    is_active = filters.BooleanFilter()


@extend_schema_view(
    list=extend_schema(summary="The clients' WhatsApp instances"),
    retrieve=extend_schema(summary="An instance: status, alarm, and what its provider can do"),
)
class InstanceViewSet(ListModelMixin, RetrieveModelMixin, TenantViewSet):
    rows = WhatsappInstance.objects.sealed()
    serializer_class = InstanceSerializer
    filterset_class = InstanceFilters
    write_role = Role.MANAGER
    roles: ClassVar[dict[str, Role | None]] = {
        "check": Role.OPERATOR,
        "qr_code": Role.MANAGER,
        "webhooks": Role.MANAGER,
    }

    @extend_schema(summary="Add an instance", responses={201: InstanceSerializer}, examples=[NEW])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        facts = asked(InstanceSerializer, request)
        try:
            instance = services.add_instance(facts, now=timezone.now())
        except services.AlreadyThere as exc:
            raise _taken() from exc
        return Response(self.get_serializer(instance).data, HTTPStatus.CREATED)

    @extend_schema(
        summary="Change an instance; client and provider stay",
        examples=[OpenApiExample("A new token", {"token": "…"}, request_only=True)],
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object()
        changes = asked(InstanceSerializer, request, instance)
        try:
            services.change_instance(instance, changes, now=timezone.now())
        except services.AlreadyThere as exc:
            raise _taken() from exc
        return Response(self.get_serializer(instance).data)

    @extend_schema(
        summary="Remove an instance that was never used",
        responses={204: None} | refusals({409: "It has conversations or files."}),
    )
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            services.remove_instance(self.get_object(), now=timezone.now())
        except services.InUse as exc:
            told = "Conversations and files hang on this instance; switch it off instead."
            raise Problem(HTTPStatus.CONFLICT, "in_use", told) from exc
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(
        summary="Ask the provider whether the line is connected",
        request=None,
        responses={200: CheckedSerializer} | ASKED,
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        line = services.refresh_status(self.get_object(), now=timezone.now())
        found = {"connected": line.connected, "detail": line.detail, "instance": self.get_object()}
        return Response(CheckedSerializer(found, context=self.get_serializer_context()).data)

    @extend_schema(summary="The QR code that connects the line", responses={200: QrCodeSerializer} | ASKED)
    @action(detail=True, url_path="qr-code")
    def qr_code(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object()
        code = services.provider_for(instance).qr_code()
        if code.png:
            audit.note_once(Action.INSTANCE_PAIRED, instance, way="qr code")
        png = f"data:image/png;base64,{base64.b64encode(code.png).decode()}" if code.png else None
        return Response(QrCodeSerializer({"connected": code.connected, "png": png}).data)

    @extend_schema(
        summary="A code that connects the line when typed on the phone",
        request=PhoneSerializer,
        responses={200: PairingCodeSerializer} | ASKED,
        examples=[OpenApiExample("The line's own number", {"phone": "5511900001234"}, request_only=True)],
    )
    @action(detail=True, methods=["post"], url_path="pairing-code")
    def pairing_code(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object()
        phone = asked(PhoneSerializer, request)["phone"].lstrip("+")
        code = services.provider_for(instance).pairing_code(phone)
        audit.note(Action.INSTANCE_PAIRED, instance, way="pairing code")
        return Response(PairingCodeSerializer({"code": code}).data)

    @extend_schema(summary="Restart the line at the provider", request=None, responses={204: None} | ASKED)
    @action(detail=True, methods=["post"])
    def restart(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        services.restart(self.get_object(), now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(
        summary="End the line's session; it has to be paired again",
        request=None,
        responses={204: None} | ASKED,
    )
    @action(detail=True, methods=["post"])
    def disconnect(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        services.disconnect(self.get_object(), now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(
        summary="Where webhooks should go, and where the provider sends them",
        description="Where the provider refuses or is silent, the problem tells the `url` all the same.",
        responses={200: WebhooksSerializer} | ASKED,
    )
    @action(detail=True)
    def webhooks(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return _webhooks(self.get_object(), reading_back.read_webhooks)

    @extend_schema(
        summary="Set the webhooks at the provider and read them back",
        request=None,
        responses={200: WebhooksSerializer} | ASKED,
    )
    @webhooks.mapping.post
    def set_webhooks(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return _webhooks(self.get_object(), reading_back.set_webhooks)

    @extend_schema(
        summary="Make a new webhook address; the old one stops working",
        request=None,
        responses=WebhookAddressSerializer,
    )
    @action(detail=True, methods=["post"], url_path="rotate-webhook-key")
    def rotate_webhook_key(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object()
        services.rotate_webhook_key(instance)
        return Response(WebhookAddressSerializer({"url": services.webhook_url(instance)}).data)


def _taken() -> ValidationError:
    return ValidationError({"instance_id": ["This id is in use at this provider."]}, "unique")


def _webhooks(instance: WhatsappInstance, ask: Callable[..., Mapping[str, str]]) -> Response:
    """Our address is told in any case: where the provider refuses, it has to be entered by hand."""
    url = services.webhook_url(instance)
    try:
        told = ask(instance, now=timezone.now())
    except (CannotDecrypt, ProviderError) as exc:
        if (found := trouble(exc)) is None:
            raise
        raise Problem(*found, wait=wait_for(exc), url=url) from exc
    matches = services.webhooks_match(instance, told)
    return Response(WebhooksSerializer({"url": url, "at_provider": dict(told), "matches": matches}).data)
