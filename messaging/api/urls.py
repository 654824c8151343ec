from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from messaging.api.changes import ChangesView
from messaging.api.contacts import ContactViewSet
from messaging.api.conversations import ConversationViewSet
from messaging.api.endpoints import WebhookDeliveryViewSet, WebhookEndpointViewSet
from messaging.api.events import WebhookEventViewSet
from messaging.api.exports import ExportViewSet
from messaging.api.gaps import GapViewSet
from messaging.api.labels import LabelViewSet
from messaging.api.media import MessageMedia
from messaging.api.messages import MessageViewSet
from messaging.api.notes import NoteViewSet
from messaging.api.outbox import OutboxViewSet
from messaging.api.stream import StreamView, TicketView
from messaging.api.threads import ThreadViewSet

CONVERSATION = r"conversations/(?P<conversation_id>[0-9]{1,18})"

router = SimpleRouter()
router.register("contacts", ContactViewSet, basename="contact")
router.register("conversations", ConversationViewSet, basename="conversation")
router.register(f"{CONVERSATION}/messages", ThreadViewSet, basename="thread")
router.register(f"{CONVERSATION}/notes", NoteViewSet, basename="note")
router.register("messages", MessageViewSet, basename="message")
router.register("labels", LabelViewSet, basename="label")
router.register("gaps", GapViewSet, basename="gap")
router.register("outbox", OutboxViewSet, basename="outbox")
router.register("exports", ExportViewSet, basename="export")
router.register("webhook-events", WebhookEventViewSet, basename="webhook-event")
router.register("webhook-endpoints", WebhookEndpointViewSet, basename="webhook-endpoint")
router.register("webhook-deliveries", WebhookDeliveryViewSet, basename="webhook-delivery")

urlpatterns = [
    *router.urls,
    path("changes/", ChangesView.as_view(), name="changes"),
    path("stream/", StreamView.as_view(), name="stream"),
    path("stream/ticket/", TicketView.as_view(), name="stream-ticket"),
    re_path(r"^messages/(?P<pk>[0-9]{1,18})/media/$", MessageMedia.as_view(), name="message-media"),
]
