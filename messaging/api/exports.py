"""Data that managers take along: of a client, a conversation or a person."""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.parsing import asked
from accounts.api.permissions import user_of
from accounts.api.problems import Problem
from accounts.api.schema import refusals
from accounts.api.viewsets import ForManagers
from media.api.delivery import WhateverIsAccepted
from media.api.schema import RANGE
from messaging.downloads import download
from messaging.models import Export
from messaging.serializers.exports import ExportSerializer, NewExportSerializer
from messaging.services import exporting

EXAMPLES = [
    OpenApiExample("One person's data", {"contact": 12}, request_only=True),
    OpenApiExample("Everything of a client", {"client": 1}, request_only=True),
]
CONTENT = {
    (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The ZIP, with an ETag."),
    (206, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The part that Range asks for."),
    416: OpenApiResponse(description="The range begins behind the end."),
} | refusals({409: "`not_ready`: it is being made.", 410: "`gone`: it was removed, or it failed."})


@extend_schema_view(
    list=extend_schema(summary="Exports of the clients that you manage, the newest first"),
    retrieve=extend_schema(summary="One export, and how far it is"),
)
class ExportViewSet(ListModelMixin, RetrieveModelMixin, ForManagers):
    rows = Export.objects.select_related("requested_by", "client")
    serializer_class = ExportSerializer

    @extend_schema(
        summary="Have data exported as a ZIP",
        description="Pages to read offline, JSON, the files, and a manifest of their SHA-256. Who asks twice while it "
        "is being made gets the same one. What is in it: docs/data.md.",
        request=NewExportSerializer,
        responses={202: ExportSerializer},
        examples=EXAMPLES,
    )
    def create(self, request: Request) -> Response:
        [of] = asked(NewExportSerializer, request).values()
        made = exporting.request_export(of, by=user_of(request), now=timezone.now())
        return Response(ExportSerializer(made).data, HTTPStatus.ACCEPTED)

    @extend_schema(summary="Remove an export before its time", responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        exporting.remove([self.get_object()], "removed by hand")
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(summary="Download it", parameters=[RANGE], responses=CONTENT)
    @action(detail=True, content_negotiation_class=WhateverIsAccepted)
    def content(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        export = self.get_object()
        if export.is_under_way:
            raise Problem(HTTPStatus.CONFLICT, "not_ready", "It is being made.")
        if not export.is_ready:
            raise Problem(HTTPStatus.GONE, "gone", f"It is not there: {export.error or export.state}")
        return download(request._request, export, by=user_of(request), now=timezone.now())
