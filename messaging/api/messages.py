from http import HTTPStatus
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.parsing import asked
from accounts.api.permissions import user_of
from accounts.api.schema import refusals
from messaging.api.filters import MessageFilter
from messaging.api.lists import ListedViewSet
from messaging.api.refusals import as_problems
from messaging.models import Message, OutboxItem
from messaging.serializers import ConversationSerializer, MessageSerializer, OutboxItemSerializer
from messaging.serializers.messages import SECRETS
from messaging.serializers.requests import EditSerializer, ReactSerializer
from messaging.services import sending

TAKEN = {202: OutboxItemSerializer} | refusals(
    {409: "`not_ours`, `not_sent_yet`, `too_late`, `unsupported`, `wrong_type` or `line_off`."}
)
THUMB = [OpenApiExample("Thumb up", {"emoji": "👍"}, request_only=True)]
BETTER = [OpenApiExample("Better words", {"text": "At eleven."}, request_only=True)]


@extend_schema_view(
    list=extend_schema(
        summary="Search messages, newest first",
        description="Every word has to be in the text; one of them has three characters or more.",
    ),
    retrieve=extend_schema(summary="One message"),
)
class MessageViewSet(ListedViewSet):
    rows = Message.objects.select_related("conversation__instance__client").defer(*SECRETS)
    serializer_class = MessageSerializer
    filterset_class = MessageFilter
    time_field = "sent_at"

    @extend_schema(
        summary="Change the text of a sent message", request=EditSerializer, responses=TAKEN, examples=BETTER
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        message = self.get_object()
        text = asked(EditSerializer, request)["text"]
        with as_problems():
            return _taken(sending.edit(message, text, by=user_of(request), now=timezone.now()))

    @extend_schema(summary="Delete a sent message for everyone", responses=TAKEN)
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        message = self.get_object()
        with as_problems():
            return _taken(sending.delete(message, by=user_of(request), now=timezone.now()))

    @extend_schema(
        summary="React, or change the reaction", request=ReactSerializer, responses=TAKEN, examples=THUMB
    )
    @action(detail=True, methods=["put"])
    def reaction(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        message = self.get_object()
        emoji = asked(ReactSerializer, request)["emoji"]
        with as_problems():
            return _taken(sending.react(message, emoji, by=user_of(request), now=timezone.now()))

    @extend_schema(summary="Take the reaction back", responses=TAKEN)
    @reaction.mapping.delete
    def unreact(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        message = self.get_object()
        with as_problems():
            return _taken(sending.react(message, "", by=user_of(request), now=timezone.now()))

    @extend_schema(
        summary="Mark its conversation read, here and on the phone",
        request=None,
        responses=ConversationSerializer,
    )
    @action(detail=True, methods=["post"])
    def read(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        conversation = self.get_object().conversation
        with as_problems():
            sending.mark_read(conversation, by=user_of(request), now=timezone.now())
        return Response(ConversationSerializer(conversation, context=self.get_serializer_context()).data)


def _taken(item: OutboxItem) -> Response:
    return Response(OutboxItemSerializer(item).data, HTTPStatus.ACCEPTED)
