"""Pages by place: ``cursor`` is ``older.<place>`` or ``newer.<place>`` in a list that begins with the newest."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.numbers import whole_number
from accounts.paging import Place, beyond

DEFAULT, MOST = 50, 200


class Pages(BasePagination):
    """The view names its ``time_field``; without one the id alone orders. Nothing is ever counted.

    ``next`` leads to older rows, ``previous`` to newer ones; each is null where there are none.
    """

    display_page_controls = False

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        self.field: str = getattr(view, "time_field", "")
        self.direction, place = self._cursor()
        forward = self.direction != "newer"
        order = [f"-{self.field}", "-id"] if self.field else ["-id"]
        rows = queryset.order_by(*order)
        if place is not None:
            rows = beyond(rows, self.field, place, older=forward)
        size = self._size()
        found = list((rows if forward else rows.reverse())[: size + 1])
        page = found[:size]
        self.page = page if forward else page[::-1]
        self.more = len(found) > size
        return self.page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next(), "previous": self._previous(), "results": data})

    def _next(self) -> str | None:
        there = self.more if self.direction != "newer" else True
        return self._link("older", self.page[-1]) if self.page and there else None

    def _previous(self) -> str | None:
        there = self.direction == "older" or (self.direction == "newer" and self.more)
        return self._link("newer", self.page[0]) if self.page and there else None

    def _link(self, direction: str, row: Any) -> str:
        place = f"{direction}.{Place.of(row, self.field)}"
        return replace_query_param(self.request.build_absolute_uri(), "cursor", place)

    def _cursor(self) -> tuple[str, Place | None]:
        text = self.request.query_params.get("cursor", "")
        if not text:
            return "", None
        direction, _, rest = text.partition(".")
        place = Place.read(rest)
        if direction not in ("older", "newer") or place is None:
            raise ValidationError({"cursor": ["This is not a cursor that a page gave."]})
        return direction, place

    def _size(self) -> int:
        size = whole_number(self.request.query_params.get("limit", str(DEFAULT)), MOST)
        if not size:
            raise ValidationError({"limit": [f"A limit is a number from 1 to {MOST}."]})
        return size

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        cursor = {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}}
        size = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT}
        return [
            cursor | {"description": "Where the page begins, as `next` or `previous` gave it."},
            {"name": "limit", "in": "query", "required": False, "schema": size, "description": "Page size."},
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": link | {"description": "Older rows."},
                "previous": link | {"description": "Newer rows."},
                "results": schema,
            },
        }
