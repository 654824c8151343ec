"""The messages of one conversation: reading and sending."""

from http import HTTPStatus
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.api.parsing import JsonBody, asked
from accounts.api.permissions import user_of
from accounts.api.schema import refusals
from messaging.api.filters import ThreadFilter
from messaging.api.lists import CONVERSATION, OfConversation
from messaging.api.pages import ThreadPages
from messaging.api.refusals import as_problems
from messaging.models import Message
from messaging.serializers import MessageSerializer
from messaging.serializers.requests import SendFileSerializer, SendSerializer
from messaging.services import posting

KEY = "Idempotency-Key"
KEY_LENGTH = 200
REFUSALS = refusals(
    {
        409: "`window_closed` with the window's facts, `line_off`, `not_sent_yet`, `key_reused`, `unsupported`.",
        413: "The body is too large.",
        415: "Neither JSON nor a form with a file.",
        503: "`storage`: the file cannot be stored now.",
    }
)
EXAMPLES = [
    OpenApiExample("Text", {"text": "Good morning!"}, media_type="application/json"),
    OpenApiExample("Answer", {"text": "At ten.", "reply_to": 51}, media_type="application/json"),
    OpenApiExample("Stored file", {"media_file": 7, "text": "The menu"}, media_type="application/json"),
    OpenApiExample(
        "Place",
        {"location": {"latitude": -23.55, "longitude": -46.63, "name": "Shop"}},
        media_type="application/json",
    ),
    OpenApiExample(
        "Template",
        {"template": {"name": "order_ready", "language": "pt_BR", "components": []}},
        media_type="application/json",
    ),
]


@extend_schema(parameters=[CONVERSATION])
@extend_schema_view(
    list=extend_schema(
        summary="Messages of a conversation, newest first",
        description="`next` leads to older messages and `previous` to newer ones, also from a page `around` one.",
    )
)
class ThreadViewSet(ListModelMixin, OfConversation):
    rows = Message.objects.all()
    serializer_class = MessageSerializer
    filterset_class = ThreadFilter
    pagination_class = ThreadPages
    time_field = "sent_at"
    parser_classes = (JsonBody, MultiPartParser)

    def get_queryset(self) -> Any:
        """Through the conversation, which is then known to each of them."""
        rows = self.conversation.messages.all() if hasattr(self, "conversation") else self.rows.none()
        return MessageSerializer.with_related(rows)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        answer = super().list(request, *args, **kwargs)
        audit.note_once(audit.Action.CONVERSATION_OPENED, self.conversation)
        return answer

    @extend_schema(
        summary="Send a message",
        description="The message is there at once as `queued`; a worker sends it.",
        parameters=[
            OpenApiParameter(
                KEY, str, OpenApiParameter.HEADER, description="The same key again sends nothing twice."
            )
        ],
        request={"application/json": SendSerializer, "multipart/form-data": SendFileSerializer},
        responses={
            201: MessageSerializer,
            200: OpenApiResponse(MessageSerializer, "The key was used before: this is its message."),
        }
        | REFUSALS,
        examples=[
            OpenApiExample(one.name, one.value, request_only=True, media_type=one.media_type)
            for one in EXAMPLES
        ],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        facts: Any = {"by": user_of(request), "key": _key(request), "now": timezone.now()}
        is_file = isinstance(request.data, QueryDict)
        wish = asked(SendFileSerializer if is_file else SendSerializer, request)
        post = posting.post_file if is_file else posting.post
        with as_problems(self.conversation, media="file" if is_file else "media_file", idempotency_key=KEY):
            message, known = post(self.conversation, wish, **facts)
        shown = MessageSerializer(message, context=self.get_serializer_context()).data
        if known:
            return Response(shown, HTTPStatus.OK, headers={"Idempotent-Replayed": "true"})
        return Response(shown, HTTPStatus.CREATED)


def _key(request: Request) -> str:
    key = request.headers.get(KEY, "")
    if len(key) > KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise ValidationError({KEY: [f"A key is up to {KEY_LENGTH} printable ASCII characters."]})
    return str(key)
