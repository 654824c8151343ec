"""Pages of a thread, which may also begin around one of its messages."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param

from accounts.api.pages import Pages
from accounts.numbers import whole_number
from accounts.paging import Place, beyond
from messaging.models import Message

AROUND = "around"


class ThreadPages(Pages):
    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        chosen = _chosen(request)
        if chosen is None or request.query_params.get("cursor"):
            return super().paginate_queryset(queryset, request, view)
        self.request, self.field, self.direction = request, view.time_field, AROUND
        self.page = self._around(queryset, get_object_or_404(view.get_queryset(), pk=chosen))
        return self.page

    def _around(self, queryset: Any, message: Message) -> list[Any]:
        """As much on either side as there is room for; the message itself need not match a search."""
        place, room = Place.of(message, self.field), self._size() - 1
        after = beyond(queryset, self.field, place, older=False).order_by(self.field, "id")
        before = beyond(queryset, self.field, place, older=True).order_by(f"-{self.field}", "-id")
        newer, older = list(after[: room + 1]), list(before[: room + 1])
        above = min(len(newer), max(room // 2, room - len(older)))
        below = room - above
        self.newer, self.more = len(newer) > above, len(older) > below
        return [*newer[:above][::-1], message, *older[:below]]

    def _previous(self) -> str | None:
        if self.direction == AROUND:
            return self._link("newer", self.page[0]) if self.newer else None
        return super()._previous()

    def _link(self, direction: str, row: Any) -> str:
        return remove_query_param(super()._link(direction, row), AROUND)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        around = {
            "name": AROUND,
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "minimum": 1},
            "description": "A message's id: the page has this message in its middle.",
        }
        return [*super().get_schema_operation_parameters(view), around]


def _chosen(request: Request) -> int | None:
    text = request.query_params.get(AROUND, "")
    if not text:
        return None
    found = whole_number(text)
    if not found:
        raise ValidationError({AROUND: ["This is a message's id."]})
    return found
