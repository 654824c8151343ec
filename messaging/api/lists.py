from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from accounts.api.viewsets import TenantViewSet
from messaging.models import Conversation
from messaging.serializers.conversations import SECRETS

CONVERSATION = OpenApiParameter("conversation_id", int, OpenApiParameter.PATH)


class ListedViewSet(ListModelMixin, RetrieveModelMixin, TenantViewSet):
    """A list and its single rows, each with what the serializer shows of it."""

    def get_queryset(self) -> Any:
        serializer: Any = self.get_serializer_class()
        rows = super().get_queryset()
        # What many rows of a page have in common is read once for all of them; one row brings it along.
        return serializer.with_related(rows.select_related(None) if self.action == "list" else rows)


class OfConversation(TenantViewSet):
    """What lies below one conversation, which the user has to see and to have the role for."""

    conversation: Conversation

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        rows = Conversation.objects.visible_to(request.user).select_related("instance__client")
        sealed = rows.defer(*SECRETS)
        self.conversation = get_object_or_404(sealed, pk=kwargs["conversation_id"])
        self.check_role(self.conversation)

    def get_queryset(self) -> Any:
        """Who sees the conversation sees all of it. Without one only the document is being made."""
        return self.rows.filter(conversation=self.kwargs.get("conversation_id"))
