"""The lines that the provider tests talk through, and what went over the wire."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses

from accounts.providers.events import MediaDescriptor, MediaKind

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
TOKEN = "T0KEN-of-the-line"
PHONE = "5511900001234"
WAPI = "https://api.w-api.app/v1"
WAPI_ID = "AB12CD-EF34GH-IJ56KL"
CLOUD = "https://graph.facebook.com/v25.0"
CLOUD_ID = "800000000000001"

IMAGE = MediaDescriptor(
    kind=MediaKind.IMAGE,
    mimetype="image/jpeg",
    media_key=bytes(range(32)),
    direct_path="/v/t62.7118-24/1.enc?ccb=11-4&oh=abc&oe=6A000000",
    media_id="600000000000004",
)


def sent_body(wire: responses.RequestsMock, index: int = 0) -> Any:
    return json.loads(wire.calls[index].request.body or b"null")


def sent_query(wire: responses.RequestsMock, index: int = 0) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(wire.calls[index].request.url)).query)
