"""Bodies of requests: as deep as we take them, and what they say. How long they may be is Django's own limit."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request


class JsonBody(JSONParser):
    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as exc:
            raise ParseError("JSON parse error - nested too deeply") from exc


def asked(serializer: Any, request: Request, row: Model | None = None) -> Any:
    """What the body says by this serializer, or 400; of a ``row``, only what is to change."""
    body = serializer(row, data=request.data, partial=row is not None, context={"request": request})
    body.is_valid(raise_exception=True)
    return body.validated_data
