"""Bodies of requests, as long and as deep as we take them."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class BodyTooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class JsonBody(JSONParser):
    """Django limits only bodies that it reads itself, and this one reads the stream."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: dict[str, Any] | None = None
    ) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        # The stream is the request itself, or a copy where the middleware has read the body.
        if int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0) > most:
            raise BodyTooLarge(f"A body has at most {most} bytes.")
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as exc:
            raise ParseError("JSON parse error - nested too deeply") from exc
