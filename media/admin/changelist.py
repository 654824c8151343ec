"""A page of the gallery or of the ledger, in a constant number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.admin.menus import Menu
from accounts.admin.paging import PagedChangeList
from accounts.counting import counts_up_to
from accounts.models import Client
from accounts.reach import reach_of
from media.admin import storage_used
from media.admin.shelves import GALLERY, LEDGER, OfConversation, Shelf
from media.admin.tiles import Tile, thread_of, tile_of
from media.models import FetchAttempt, MediaFile, Rendition

TILES = 48
CAP = 1000
CLIENT, LINE = "instance__client__id__exact", "instance__id__exact"
STATE, CAUSE = "state__exact", "cause__exact"


@dataclass(frozen=True, slots=True)
class Reason:
    """``query`` leads to the files; ``count`` is a text, for it may be more than was counted."""

    word: str
    label: str
    count: str
    query: str
    is_chosen: bool


class ShelfChangeList(PagedChangeList):
    tiles: Sequence[Tile] = ()

    @property
    def shelf(self) -> str:
        return next((spec.chosen for spec in self.filter_specs if isinstance(spec, Shelf)), GALLERY)

    @property
    def is_gallery(self) -> bool:
        return self.shelf == GALLERY

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        """Told which lines they are of, the database finds the newest files along an index."""
        rows = super().get_queryset(request, exclude_parameters)
        client = self._client(request)
        return reach_of(request.user, client).narrow(rows)

    def _client(self, request: HttpRequest) -> Client | None:
        asked = (self.filter_params.get(CLIENT) or [""])[-1]
        if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
            return None
        found: Client | None = Client.objects.visible_to(request.user).filter(pk=int(asked)).first()
        return found

    def get_results(self, request: HttpRequest) -> None:
        self.list_per_page = TILES if self.is_gallery else self.model_admin.list_per_page
        super().get_results(request)
        complete(self.result_list)
        if self.is_gallery:
            self.tiles = [tile_of(media_file) for media_file in self.result_list]
            self.used = storage_used.table(request.user, self._client(request))
        else:
            _add_last_attempts(self.result_list)
            self.reasons = self._reasons(request)

    def _reasons(self, request: HttpRequest) -> list[Reason]:
        """Of what the other filters leave, the most frequent first."""
        chooser = [
            spec.expected_parameters() for spec in self.filter_specs if CAUSE in spec.expected_parameters()
        ]
        rows = self.get_queryset(request, exclude_parameters=next(iter(chooser), None))
        causes = list(MediaFile.Cause)
        counts = counts_up_to(CAP, [rows.filter(cause=cause) for cause in causes])
        chosen = (self.filter_params.get(CAUSE) or [""])[-1]
        found = sorted(zip(counts, causes, strict=True), key=lambda pair: -pair[0])
        return [self._reason(cause, count, chosen) for count, cause in found if count]

    def _reason(self, cause: MediaFile.Cause, count: int, chosen: str) -> Reason:
        query = self.get_query_string({"view": LEDGER, CAUSE: cause.value}, [PAGE_VAR])
        text = f"{CAP}+" if count > CAP else str(count)
        return Reason(cause.value, str(cause.label), text, query, cause.value == chosen)

    @property
    def views(self) -> list[Mapping[str, Any]]:
        spec = next(one for one in self.filter_specs if isinstance(one, Shelf))
        return [
            {
                "display": label,
                "selected": self.shelf == word,
                "query_string": self.get_query_string({"view": word}, [STATE, CAUSE, PAGE_VAR]),
            }
            for word, label in spec.lookup_choices
        ]

    @property
    def menus(self) -> list[Menu]:
        specs = [spec for spec in self.filter_specs if not isinstance(spec, Shelf)]
        return [Menu(_title(spec), self._choices(spec)) for spec in specs]

    def _choices(self, spec: Any) -> list[Mapping[str, Any]]:
        """A conversation is named as its files name it."""
        *others, last = spec.choices(self)
        if isinstance(spec, OfConversation) and self.result_list:
            last = {**last, "display": thread_of(self.result_list[0])[1]}
        return [*others, last]

    @property
    def kept(self) -> str:
        """What a file's address has to carry, so that the way back leads here."""
        return f"?{self.preserved_filters}" if self.preserved_filters else ""

    @property
    def is_narrowed(self) -> bool:
        return any(menu.chosen for menu in self.menus)

    @property
    def everything(self) -> str:
        return f"?view={self.shelf}"


def _title(spec: Any) -> str:
    """Columns are named in English only."""
    titles = {"kind": _("kind"), "state": _("state"), "cause": _("reason")}
    return titles.get(getattr(spec, "field_path", ""), str(spec.title))


def complete(media_files: Sequence[MediaFile]) -> None:
    """Each with its line, its conversation and what was made of it; of its message nothing but that."""
    message: Any = MediaFile._meta.get_field("message").related_model
    made = Rendition.objects.filter(state=Rendition.State.READY).defer("error").order_by("id")
    prefetch_related_objects(
        media_files,
        Prefetch("message", message._base_manager.only("media", "conversation")),
        "message__conversation__contact",
        Prefetch("renditions", made, to_attr="made"),
    )


def _add_last_attempts(media_files: Sequence[Any]) -> None:
    attempts = FetchAttempt.objects.filter(media_file__in=[row.pk for row in media_files])
    latest = {attempt.media_file_id: attempt for attempt in attempts.order_by("started_at", "id")}
    for media_file in media_files:
        media_file.last_attempt = latest.get(media_file.pk)
