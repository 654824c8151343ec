from http import HTTPStatus
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.parsing import asked
from messaging.api.filters import LabelFilter
from messaging.api.lists import ListedViewSet
from messaging.api.refusals import as_problems
from messaging.models import Label
from messaging.serializers import LabelSerializer
from messaging.serializers.labels import NewLabelSerializer
from messaging.services import conversing

EXAMPLES = [OpenApiExample("Urgent", {"client": 1, "name": "Urgent", "color": "#dc2626"}, request_only=True)]


@extend_schema_view(
    list=extend_schema(summary="Labels, the newest first"), retrieve=extend_schema(summary="One label")
)
class LabelViewSet(ListedViewSet):
    rows = Label.objects.all()
    serializer_class = LabelSerializer
    filterset_class = LabelFilter

    @extend_schema(
        summary="Make a label",
        request=NewLabelSerializer,
        responses={201: LabelSerializer},
        examples=EXAMPLES,
    )
    def create(self, request: Request) -> Response:
        facts = asked(NewLabelSerializer, request)
        with as_problems():
            label = conversing.make_label(**facts)
        return Response(LabelSerializer(label).data, HTTPStatus.CREATED)

    @extend_schema(summary="Change its name or colour", responses=LabelSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        label = self.get_object()
        facts = asked(LabelSerializer, request, label)
        with as_problems():
            conversing.alter_label(label, facts, now=timezone.now())
        return Response(LabelSerializer(label).data)

    @extend_schema(summary="Delete it, and take it off every conversation", responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        conversing.delete_label(self.get_object(), now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)
