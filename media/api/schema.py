"""What the API's document says of files, in the places where the code cannot."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from accounts.api.problems import MEDIA_TYPE
from media.models import MediaFile, Rendition

FETCH = OpenApiParameter(
    "fetch", OpenApiTypes.BOOL, description="Ask for a file that is not there at once. Operators only."
)
DOWNLOAD = OpenApiParameter("download", OpenApiTypes.BOOL, description="As an attachment, whatever its type.")
RANGE = OpenApiParameter(
    "Range", OpenApiTypes.STR, OpenApiParameter.HEADER, description="One range of bytes."
)
RENDITION = OpenApiParameter(
    "rendition",
    OpenApiTypes.STR,
    enum=[kind.value for kind in Rendition.Kind if kind != Rendition.Kind.WAVEFORM],
    description="What was made of the file instead of the file itself; 404 where there is none.",
)

PROBLEM = {"$ref": "#/components/schemas/Problem"}
ABSENCE = {
    "allOf": [
        PROBLEM,
        {
            "type": "object",
            "required": ["id", "state", "cause", "error", "next_attempt_at", "expires_at"],
            "properties": {
                "id": {"type": "integer", "description": "The media file's."},
                "state": {"type": "string", "enum": MediaFile.State.values},
                "cause": {"type": "string", "enum": ["", *MediaFile.Cause.values]},
                "error": {"type": "string", "description": "Why, as a sentence."},
                "next_attempt_at": {"type": ["string", "null"], "format": "date-time"},
                "expires_at": {"type": "string", "format": "date-time"},
            },
        },
    ]
}


def problems(told: dict[int, str], schema: dict[str, Any] = PROBLEM) -> dict[Any, Any]:
    """What an operation answers beyond what all of them may answer."""
    return {(status, MEDIA_TYPE): OpenApiResponse(schema, text) for status, text in told.items()}


CONTENT = {
    (200, "*/*"): OpenApiResponse(OpenApiTypes.BINARY, "The file, with an ETag."),
    (206, "*/*"): OpenApiResponse(OpenApiTypes.BINARY, "The part that Range asks for."),
    302: OpenApiResponse(description="At the storage's own signed address, where that is configured."),
    304: OpenApiResponse(description="The ETag is known already."),
    416: OpenApiResponse(description="The range begins behind the end."),
    **problems({409: "On its way, with state and next try.", 410: "Gone, with the reason."}, ABSENCE),
    **problems({503: "The storage does not answer."}),
}

WAITING = OpenApiExample(
    "Not here yet",
    value={
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "not_here_yet",
        "detail": "The file is not here yet: cdn: HTTP 503",
        "id": 5,
        "state": "pending",
        "cause": "unavailable",
        "error": "cdn: HTTP 503",
        "next_attempt_at": "2026-03-01T12:05:00Z",
        "expires_at": "2026-03-31T12:00:00Z",
    },
    response_only=True,
    status_codes=["409"],
    media_type="application/problem+json",
)

VOICE_NOTE = {
    "id": 5,
    "client": 1,
    "instance": 2,
    "conversation": 17,
    "message": 40,
    "kind": "voice",
    "state": "ready",
    "cause": "",
    "error": "",
    "warning": "",
    "mimetype": "audio/ogg",
    "filename": "",
    "size": 8123,
    "declared_size": 8123,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "duration": 4,
    "width": None,
    "height": None,
    "pages": None,
    "animated": False,
    "waveform": [0, 12, 47, 80, 33, 5],
    "has_thumbnail": False,
    "strategy": "cdn",
    "attempts": 1,
    "next_attempt_at": None,
    "expires_at": "2026-03-31T12:00:00Z",
    "ready_at": "2026-03-01T12:00:02Z",
    "created_at": "2026-03-01T12:00:01Z",
    "content_url": "/api/v1/media/5/content/",
    "renditions": [
        {
            "kind": "m4a",
            "state": "ready",
            "mimetype": "audio/mp4",
            "width": None,
            "height": None,
            "size": 36012,
            "url": "/api/v1/media/5/content/?rendition=m4a",
        },
    ],
}
READY = OpenApiExample("A voice note", VOICE_NOTE | {"thumbnail": None}, response_only=True)
LOST = {"state": "pending", "size": None, "sha256": "", "strategy": "", "attempts": 0, "ready_at": None}
ASKED_FOR = OpenApiExample(
    "Asked for again",
    VOICE_NOTE | LOST | {"next_attempt_at": "2026-03-02T08:00:00Z"},
    response_only=True,
    status_codes=["202"],
)
LINK = OpenApiExample(
    "Link",
    {"url": "https://chat.example.com/api/v1/media/links/WzUs…/", "expires_at": "2026-03-01T12:05:00Z"},
    response_only=True,
    status_codes=["201"],
)
