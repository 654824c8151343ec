from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.models import Role
from messaging.api.filters import WebhookEventFilter
from messaging.api.lists import ListedViewSet
from messaging.models import WebhookEvent
from messaging.serializers import WebhookEventDetailSerializer, WebhookEventSerializer
from messaging.serializers.conversations import SECRETS
from messaging.services import processing


@extend_schema_view(
    list=extend_schema(summary="Webhook events, the newest first; for managers"),
    retrieve=extend_schema(summary="One webhook event with its body", responses=WebhookEventDetailSerializer),
)
class WebhookEventViewSet(ListedViewSet):
    read_role = write_role = Role.MANAGER
    rows = WebhookEvent.objects.select_related("instance").defer(*SECRETS)
    filterset_class = WebhookEventFilter

    def get_serializer_class(self) -> Any:
        return WebhookEventSerializer if self.action == "list" else WebhookEventDetailSerializer

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        event = self.get_object()
        audit.note_once(audit.Action.EVENT_OPENED, event)
        return Response(self.get_serializer(event).data)

    @extend_schema(
        summary="Process it again",
        description="A second time adds only what is missing.",
        request=None,
        responses=WebhookEventDetailSerializer,
    )
    @action(detail=True, methods=["post"], url_path="process-again")
    def process_again(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        event = self.get_object()
        processing.process_again(WebhookEvent.objects.filter(pk=event.pk), now=timezone.now())
        return Response(WebhookEventDetailSerializer(self.get_object()).data)
