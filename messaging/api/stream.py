"""The live stream, and the tickets that open it."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.logins import tickets
from accounts.models import ApiToken, Role
from messaging.api.changes import WISHES
from messaging.api.feeds import read_number, wish_of
from messaging.serializers.changes import TicketSerializer
from messaging.streaming.grants import grant_of, reaches
from messaging.streaming.hub import Listener, hub_here
from messaging.streaming.serving import poll, stream

DESCRIPTION = """
Server-Sent Events. `event` is a type like `message.created`, `data` the same JSON as a result of `changes/`, `id` a
cursor. A stream begins now, with the event `hello`, unless `Last-Event-ID` or `after` says where to go on. The event
`reset` says that changes were missed for good: read the lists anew and go on listening.

A browser's EventSource sends no header: use the session's cookie, or a ticket of `POST /api/v1/stream/ticket/`. When
EventSource gives up, the ticket is over; get another one and go on with `after=<last id>`.

Where no stream can be held open, the answer ends after what there is, and EventSource asks again by itself. So does
one more stream of a user who has 50 of them open.
"""

EVENT = {
    "type": "object",
    "required": ["event", "id", "data"],
    "properties": {
        "event": {"type": "string", "description": "`hello`, `reset`, or a type like `message.created`."},
        "id": {"type": "string", "description": "A cursor."},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}


class TicketAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, ApiToken | None] | None:
        ticket = request.query_params.get("ticket")
        if not ticket:
            return None
        found = tickets.holder(ticket)
        if found is None:
            raise AuthenticationFailed("This ticket is wrong or over; get another one.")
        return found

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TicketScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "messaging.api.stream.TicketAuthentication"
    name = "ticket"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "query", "name": "ticket"}


class EventStream(BaseRenderer):
    """Lets the Accept header of EventSource pass; what is rendered here is an error."""

    media_type = "text/event-stream"
    format = "sse"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return JSONRenderer().render(data)


class StreamView(APIView):
    # An answer to HEAD would have no end either.
    http_method_names = ["get", "options"]
    authentication_classes = [TicketAuthentication, *APIView.authentication_classes]
    renderer_classes = [EventStream, JSONRenderer]

    @extend_schema(
        summary="Live changes",
        description=DESCRIPTION,
        parameters=[
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER, description="Wins over `after`."),
            OpenApiParameter("after", str, description="Go on after this cursor."),
            OpenApiParameter("ticket", str, description="Instead of a token in the header."),
            *WISHES,
        ],
        responses={(200, "text/event-stream"): OpenApiResponse(EVENT, "Events without end, each like this.")},
    )
    def get(self, request: Request) -> HttpResponseBase:
        wish, cursor = wish_of(request), _cursor(request)
        token = request.auth if isinstance(request.auth, ApiToken) else None
        grant = grant_of(request.user, token, _session(request))
        reach = reaches({grant}, timezone.now()).get(grant)
        if reach is None:
            raise AuthenticationFailed("This login is over.")
        # Only an ASGI server can hold streams open without a thread each.
        is_live = isinstance(request._request, ASGIRequest)
        listener = Listener(grant, reach, wish)
        told: Any = stream(hub_here, listener, cursor) if is_live else poll(reach, wish, cursor)
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingHttpResponse(told, content_type=EventStream.media_type, headers=headers)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Our own pages may bring their session to the stream's port; it is the same host, but another origin."""
        origin = request.headers.get("Origin")
        if origin == own_origin():
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Allow-Credentials"] = "true"
        return super().finalize_response(request, response, *args, **kwargs)


class TicketView(APIView):
    write_role = Role.VIEWER

    @extend_schema(summary="A ticket that opens the stream", request=None, responses={201: TicketSerializer})
    def post(self, request: Request) -> Response:
        token = request.auth if isinstance(request.auth, ApiToken) else None
        facts = {
            "ticket": tickets.issue(request.user, token),
            "url": settings.STREAM_BASE_URL + reverse("stream"),
            "expires_at": timezone.now() + tickets.LIFETIME,
        }
        return Response(TicketSerializer(facts).data, HTTPStatus.CREATED)


def own_origin() -> str:
    parts = urlsplit(settings.PUBLIC_BASE_URL)
    return f"{parts.scheme}://{parts.netloc}"


def _cursor(request: Request) -> int | None:
    """A browser that comes back keeps its address, ``after`` and all; the header is newer."""
    last = request.headers.get("Last-Event-ID", "")
    return read_number("Last-Event-ID" if last else "after", last or request.query_params.get("after", ""))


def _session(request: Request) -> str | None:
    """Of a ticket there is none: the browser that has it may be somebody else's by cookie."""
    return None if request.query_params.get("ticket") else request.session.session_key
