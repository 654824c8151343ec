"""Admin lists that page by place."""

from typing import Any

from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.http import HttpRequest
from django.utils.http import urlencode
from django.utils.translation import gettext

from accounts.paging import Place, beyond


class PagedChangeList(ChangeList):
    """``p`` is ``older.<place>`` or ``newer.<place>``; the model admin names its ``time_field``."""

    model_admin: Any
    older_query = newer_query = ""
    is_paged = True

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[Any]:
        field = self.model_admin.time_field
        return [f"-{field}", "-id"] if field else ["-id"]

    def get_results(self, request: HttpRequest) -> None:
        direction, _, text = request.GET.get(PAGE_VAR, "").partition(".")
        place = Place.read(text) if direction in ("older", "newer") else None
        forward = place is None or direction == "older"
        rows, more = self._page(place, forward=forward)
        self.result_list = rows
        self.result_count = len(rows) + (forward and more)
        self.show_full_result_count = False
        self.full_result_count = None
        self.show_admin_actions = bool(rows)
        self.can_show_all = self.multi_page = False
        if rows and (more or not forward):
            self.older_query = self._query("older", rows[-1])
        if rows and place is not None and (more or forward):
            self.newer_query = self._query("newer", rows[0])

    def _page(self, place: Place | None, *, forward: bool) -> tuple[list[Any], bool]:
        rows: Any = self.queryset
        if place is not None:
            rows = beyond(rows, self.model_admin.time_field, place, older=forward)
        found = list((rows if forward else rows.reverse())[: self.list_per_page + 1])
        page = found[: self.list_per_page]
        return (page if forward else page[::-1]), len(found) > self.list_per_page

    def _query(self, direction: str, row: Any) -> str:
        place = f"{direction}.{Place.of(row, self.model_admin.time_field)}"
        return "?" + urlencode(sorted({**self.filter_params, PAGE_VAR: place}.items()), doseq=True)

    @property
    def first_query(self) -> str:
        return self.get_query_string()


class Paged:
    """Mixin of a model admin for a table that may hold millions of rows."""

    time_field = ""
    list_per_page = 50
    sortable_by: Any = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PagedChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        note = {"selection_note_all": gettext("Everything that matches is selected")}
        parent: Any = super()
        return parent.changelist_view(request, extra_context=note | (extra_context or {}))
