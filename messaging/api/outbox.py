from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.parsing import asked
from accounts.api.schema import refusals
from messaging.api.filters import OutboxFilter
from messaging.api.lists import ListedViewSet
from messaging.api.refusals import as_problems
from messaging.models import OutboxItem
from messaging.serializers import OutboxItemSerializer
from messaging.serializers.conversations import SECRETS
from messaging.serializers.requests import SettleSerializer
from messaging.services import sending

SETTLED = {200: OutboxItemSerializer} | refusals({409: "It is in no state in which this can be done."})


@extend_schema_view(
    list=extend_schema(summary="What waits to be done at the providers, and what became of it"),
    retrieve=extend_schema(summary="One item"),
)
class OutboxViewSet(ListedViewSet):
    rows = OutboxItem.objects.select_related("instance__client", "conversation", "message").defer(*SECRETS)
    serializer_class = OutboxItemSerializer
    filterset_class = OutboxFilter

    @extend_schema(
        summary="Try a failed or unknown one again",
        description="An unknown one may have arrived: it is then sent a second time.",
        request=None,
        responses=SETTLED,
    )
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        item = self.get_object()
        with as_problems():
            return _shown(sending.send_again(item, now=timezone.now()))

    @extend_schema(summary="Give up one that still waits", request=None, responses=SETTLED)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        item = self.get_object()
        with as_problems():
            return _shown(sending.cancel(item, now=timezone.now()))

    @extend_schema(
        summary="Say what became of an unknown one",
        request=SettleSerializer,
        responses=SETTLED,
    )
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        item = self.get_object()
        was_sent = asked(SettleSerializer, request)["was_sent"]
        with as_problems():
            return _shown(sending.settle(item, was_sent=was_sent, now=timezone.now()))


def _shown(item: OutboxItem) -> Response:
    return Response(OutboxItemSerializer(item).data)
