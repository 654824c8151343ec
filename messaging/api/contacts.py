from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.parsing import asked
from messaging.api.filters import ContactFilter
from messaging.api.lists import ListedViewSet
from messaging.models import Contact
from messaging.serializers import ContactSerializer
from messaging.serializers.requests import RenameSerializer
from messaging.services import conversing


@extend_schema_view(
    list=extend_schema(
        summary="Contacts, the newest first",
        description="Their conversations: `conversations/?contact=<id>`.",
    ),
    retrieve=extend_schema(summary="One contact"),
)
class ContactViewSet(ListedViewSet):
    rows = Contact.objects.all()
    serializer_class = ContactSerializer
    filterset_class = ContactFilter

    @extend_schema(summary="Correct the name", request=RenameSerializer, responses=ContactSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        contact = self.get_object()
        name = asked(RenameSerializer, request)["name"]
        conversing.rename_contact(contact, name, now=timezone.now())
        return Response(ContactSerializer(contact).data)
