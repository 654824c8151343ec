"""How the REST API is put together; what it offers stands in each app's ``api`` package."""

from typing import Any

DESCRIPTION = """
Everything that a front end needs to build an inbox: conversations and messages of both providers, sending, media, live
changes, and webhooks for your own systems.

**Logging in.** `POST /api/v1/auth/login/` gives a token; send it as `Authorization: Bearer mct_…`. A token belongs to
one client; objects of other clients answer 404. Viewers read; operators also write; managers also manage instances,
members and webhook endpoints.

**Lists** are pages: follow `next` and `previous` until they are null. Nothing is counted.

**Errors** are problem details (RFC 9457) with the media type `application/problem+json`; `errors` names the fields.

**Sending** answers at once with the message as `queued`; a worker sends it, and its `status` goes on from there. Give
an `Idempotency-Key` header, and a repeated request sends nothing twice.

**Live.** `GET /api/v1/stream/` is a stream of Server-Sent Events that goes on where `Last-Event-ID` says;
`GET /api/v1/changes/?after=<cursor>` tells the same to those who poll.
"""


def framework(rate: str) -> dict[str, Any]:
    return {
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "accounts.api.authentication.TokenAuthentication",
            "rest_framework.authentication.SessionAuthentication",
        ],
        "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.ByRole"],
        "DEFAULT_PAGINATION_CLASS": "accounts.api.pages.Pages",
        "PAGE_SIZE": 50,
        "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
        "DEFAULT_THROTTLE_CLASSES": [
            "rest_framework.throttling.UserRateThrottle",
            "rest_framework.throttling.ScopedRateThrottle",
        ],
        "DEFAULT_THROTTLE_RATES": {"user": rate, "login": "10/min"},
        "DEFAULT_SCHEMA_CLASS": "accounts.api.schema.Schema",
        "EXCEPTION_HANDLER": "accounts.api.problems.answer",
        "DEFAULT_RENDERER_CLASSES": [
            "rest_framework.renderers.JSONRenderer",
            "rest_framework.renderers.BrowsableAPIRenderer",
        ],
        "DEFAULT_PARSER_CLASSES": ["accounts.api.parsing.JsonBody"],
        "URL_FORMAT_OVERRIDE": None,
        # Only the nearest proxy's word counts; what it was told before, anybody may have written.
        "NUM_PROXIES": 1,
    }


# One word means different things in different resources; each set of choices has a name of its own.
ENUMS = {
    "ChatKind": "messaging.models.conversations.KINDS",
    "ConversationStatus": "messaging.models.conversations.Conversation.Status",
    "DeliveryState": "messaging.models.WebhookDelivery.State",
    "InstanceStatus": "accounts.models.WhatsappInstance.Status",
    "MediaKind": "media.models.MediaFile.Kind",
    "MediaState": "media.models.MediaFile.State",
    "MessageStatus": "messaging.models.conversations.STATUSES",
    "MessageType": "messaging.models.conversations.TYPES",
    "OutboxState": "messaging.models.OutboxItem.State",
    "RenditionKind": "media.models.Rendition.Kind",
    "RenditionState": "media.models.Rendition.State",
    "WebhookEventState": "messaging.models.WebhookEvent.State",
}

SCHEMA: dict[str, Any] = {
    "TITLE": "MultiChat",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": ENUMS,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True, "tryItOutEnabled": True},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.api.schema.describe_problems",
    ],
}
