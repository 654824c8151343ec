"""The list of conversations: each with its newest message, in a constant number of queries."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import OuterRef, Prefetch, Q, Subquery, prefetch_related_objects
from django.db.models.functions import Left
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property

from accounts.access import may
from accounts.admin.access import OfClient
from accounts.admin.menus import Menu
from accounts.admin.paging import PagedChangeList
from accounts.models import Role
from accounts.numbers import whole_number
from accounts.paging import Place
from messaging.admin.inbox_filters import Unread
from messaging.admin.names import find_numbers
from messaging.models import Conversation, Message
from messaging.search import conversations_matching, messages_matching

PREVIEW = 120
MOST_HITS = 500
MOST_IDS = 100
LARGEST = 2**63 - 1
# Links of one choice each, in front of the menus of the others.
SWITCHES = ("unread", "assignee")
LINE = "instance__id__exact"
KEPT = "_changelist_filters"
# What rows show: compiling and reading whole rows of five tables takes longer than finding them.
SHOWN = (
    "chat_id", "kind", "title", "last_message_at", "unread_count", "status", "instance__name",
    "instance__client__name", "contact__name", "assigned_to__username", "assigned_to__first_name",
    "assigned_to__last_name",
)  # fmt: skip
SAID = ("conversation", "direction", "type", "status", "revoked_at", "sender__name")


@dataclass(frozen=True, slots=True)
class Row:
    """``found`` is the message that holds what was searched for; otherwise the newest one is shown."""

    conversation: Conversation
    message: Any
    found: bool

    @property
    def pk(self) -> str:
        return str(self.conversation.pk)

    @property
    def place(self) -> str:
        return str(Place.of(self.conversation, "last_message_at"))


class InboxChangeList(PagedChangeList):
    rows: Sequence[Row] = ()
    names_clients = may_begin = False

    @property
    def line(self) -> int | None:
        """The one that the list is narrowed to."""
        return whole_number((self.filter_params.get(LINE) or [""])[-1])

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        rows = super().get_queryset(request, exclude_parameters).defer(None).only(*SHOWN)
        only = getattr(request, "only_ids", None)
        return rows if only is None else rows.filter(pk__in=only)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.rows = complete(self.result_list, getattr(request, "hits", {}))
        self.may_begin = may(request.user, Role.OPERATOR)
        # The filter is there where one sees several.
        self.names_clients = any(isinstance(spec, OfClient) for spec in self.filter_specs)

    @property
    def is_first_page(self) -> bool:
        return not self.newer_query

    @cached_property
    def switches(self) -> list[Mapping[str, Any]]:
        """Each a link to one choice; a pressed one leads back to everything."""
        found: list[Mapping[str, Any]] = []
        for spec in self.filter_specs:
            if getattr(spec, "parameter_name", "") in SWITCHES:
                everything, wanted, *_ = spec.choices(self)
                address = everything if wanted["selected"] else wanted
                found.append({**wanted, "query_string": address["query_string"]})
        return found

    @cached_property
    def menus(self) -> list[Menu]:
        specs = [spec for spec in self.filter_specs if not isinstance(spec, Unread)]
        return [Menu(str(spec.title), list(spec.choices(self))) for spec in specs]

    @cached_property
    def more_chosen(self) -> list[str]:
        """What the menus narrow it to, beyond the switches."""
        pressed = {str(switch["display"]) for switch in self.switches if switch["selected"]}
        return [menu.chosen for menu in self.menus if menu.chosen and menu.chosen not in pressed]

    @cached_property
    def kept_query(self) -> str:
        """What a row's address has to carry, so that its page shows the same list."""
        filters = self.get_query_string(remove=[PAGE_VAR]).removeprefix("?")
        return urlencode({KEPT: filters}) if filters else ""


def complete(conversations: Sequence[Any], hits: Mapping[int, int]) -> list[Row]:
    prefetch_related_objects(conversations, Prefetch("labels", to_attr="told_labels"))
    shown = _messages(conversations, hits)
    find_numbers([*(row.contact for row in conversations), *(message.sender for message in shown.values())])
    return [Row(row, shown.get(row.pk), found=row.pk in hits) for row in conversations]


def _messages(conversations: Sequence[Any], hits: Mapping[int, int]) -> dict[int, Message]:
    """By their ids only: told of a condition beside them, databases read on from there."""
    ids = [row.pk for row in conversations]
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-sent_at", "-id").values("pk")[:1]
    others = Conversation.objects.filter(pk__in=[pk for pk in ids if pk not in hits]).order_by()
    chosen = [*others.values_list(Subquery(newest), flat=True), *(hits[pk] for pk in ids if pk in hits)]
    rows = Message.objects.filter(pk__in=chosen).select_related("sender").only(*SAID).order_by()
    return {row.conversation_id: row for row in rows.annotate(preview=Left("text", PREVIEW))}


def search(request: Any, queryset: Any, words: str) -> Any:
    """Names and numbers, and what was said: of many messages that match, the newest ones count."""
    if not words.strip():
        return queryset
    said = messages_matching(Message.objects.visible_to(request.user), words).order_by("-sent_at", "-id")
    newest_first = list(said.values_list("conversation", "pk")[:MOST_HITS])
    named = conversations_matching(Conversation.objects.order_by(), words)
    request.hits = dict(reversed(newest_first))
    return queryset.filter(Q(pk__in=named.values("pk")) | Q(pk__in=list(request.hits)))


def inbox_of(model_admin: Any, request: HttpRequest, query: QueryDict, **facts: Any) -> InboxChangeList:
    """The list as ``query`` narrows it, whatever page it is shown beside."""
    asked: Any = copy(request)
    asked.GET = query
    for name, value in facts.items():
        setattr(asked, name, value)
    try:
        found = model_admin.get_changelist_instance(asked)
    except IncorrectLookupParameters:
        asked.GET = QueryDict()
        found = model_admin.get_changelist_instance(asked)
    return found  # type: ignore[no-any-return]


def ids_in(text: str) -> list[int]:
    words = [word for word in text.split(",")[:MOST_IDS] if word.isascii() and word.isdigit()]
    return [int(word) for word in words if len(word) < 20 and int(word) <= LARGEST]
