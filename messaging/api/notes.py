from http import HTTPStatus
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import may
from accounts.api.parsing import asked
from accounts.api.permissions import user_of
from accounts.api.problems import Problem
from accounts.api.schema import refusals
from accounts.models import Role
from messaging.api.lists import CONVERSATION, OfConversation
from messaging.models import Note
from messaging.serializers import NoteSerializer
from messaging.services import conversing
from messaging.services.holds import IsHeld

EXAMPLES = [OpenApiExample("Remember", {"text": "Prefers to be called after six."}, request_only=True)]


@extend_schema(parameters=[CONVERSATION])
@extend_schema_view(
    list=extend_schema(summary="Notes, the newest first", description="The other side never hears of them.")
)
class NoteViewSet(ListModelMixin, OfConversation):
    rows = Note.objects.select_related("author")
    serializer_class = NoteSerializer
    time_field = "created_at"

    @extend_schema(
        summary="Write a note", request=NoteSerializer, responses={201: NoteSerializer}, examples=EXAMPLES
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        text = asked(NoteSerializer, request)["text"]
        note = conversing.write_note(self.conversation, text, by=user_of(request), now=timezone.now())
        return Response(NoteSerializer(note).data, HTTPStatus.CREATED)

    @extend_schema(
        summary="Delete a note",
        description="One's own; a manager any.",
        responses={204: None} | refusals({409: "`held`: a legal hold keeps it."}),
    )
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        note = self.get_object()
        if note.author_id != request.user.pk and not may(request.user, Role.MANAGER, self.conversation):
            self.permission_denied(request, message="This note is somebody else's.")
        try:
            conversing.delete_note(note, now=timezone.now())
        except IsHeld as exc:
            detail = _("A legal hold is in force: nothing is erased.")
            raise Problem(HTTPStatus.CONFLICT, "held", detail) from exc
        return Response(status=HTTPStatus.NO_CONTENT)
