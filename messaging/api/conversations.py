from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.parsing import asked
from accounts.api.permissions import user_of
from accounts.api.schema import refusals
from messaging.api.filters import ConversationFilter
from messaging.api.lists import ListedViewSet
from messaging.api.refusals import as_problems
from messaging.models import Conversation
from messaging.serializers import ConversationSerializer
from messaging.serializers.requests import (
    AssignSerializer,
    ConversationChangeSerializer,
    OpenConversationSerializer,
)
from messaging.services import conversing, sending

LINE_OFF = refusals({409: "`line_off`: the line is switched off."})
EXAMPLES = [
    OpenApiExample("Write first", {"instance": 1, "phone": "5511900001234", "name": "Ana"}, request_only=True)
]
CHANGES = [OpenApiExample("Take it", {"assigned_to": 3, "labels": [1, 4]}, request_only=True)]


@extend_schema_view(
    list=extend_schema(summary="Conversations, the newest message first"),
    retrieve=extend_schema(summary="One conversation"),
)
class ConversationViewSet(ListedViewSet):
    rows = Conversation.objects.select_related("instance__client")
    serializer_class = ConversationSerializer
    filterset_class = ConversationFilter
    time_field = "last_message_at"

    @extend_schema(
        summary="Find or begin the conversation with a phone number",
        request=OpenConversationSerializer,
        responses={200: ConversationSerializer} | LINE_OFF,
        examples=EXAMPLES,
    )
    def create(self, request: Request) -> Response:
        wish = asked(OpenConversationSerializer, request)
        with as_problems():
            conversation = sending.open_conversation(**wish, now=timezone.now())
        return self._shown(conversation)

    @extend_schema(
        summary="Change status, assignee or labels",
        request=ConversationChangeSerializer,
        responses=ConversationSerializer,
        examples=CHANGES,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        conversation = self.get_object()
        facts = asked(ConversationChangeSerializer, request)
        with as_problems():
            conversing.alter(conversation, facts, now=timezone.now())
        return self._shown(conversation)

    @extend_schema(summary="Open it again", request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def open(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        conversation = self.get_object()
        with as_problems():
            conversing.open_again(conversation, now=timezone.now())
        return self._shown(conversation)

    @extend_schema(summary="Close it", request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        conversation = self.get_object()
        with as_problems():
            conversing.close(conversation, now=timezone.now())
        return self._shown(conversation)

    @extend_schema(
        summary="Give it to somebody, or to nobody",
        request=AssignSerializer,
        responses=ConversationSerializer,
    )
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        conversation = self.get_object()
        user = asked(AssignSerializer, request)["assigned_to"]
        with as_problems():
            conversing.assign(conversation, user, now=timezone.now())
        return self._shown(conversation)

    @extend_schema(
        summary="Mark it read, here and on the phone", request=None, responses=ConversationSerializer
    )
    @action(detail=True, methods=["post"])
    def read(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        conversation = self.get_object()
        with as_problems():
            sending.mark_read(conversation, by=user_of(request), now=timezone.now())
        return self._shown(conversation)

    def _shown(self, conversation: Conversation) -> Response:
        return Response(ConversationSerializer(conversation, context=self.get_serializer_context()).data)
