from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import audit
from accounts.admin import display
from accounts.admin.access import OfClient, OfLine, ReadOnly
from accounts.admin.paging import Paged
from accounts.admin.verbs import Verb, WithVerbs
from accounts.languages import in_language
from media import services
from media.admin.again import ask_or_do
from media.admin.changelist import ShelfChangeList
from media.admin.display import can_ask_again, cause_label, kind_label, name_of, preview, state_badge
from media.admin.shelves import Month, OfConversation, Shelf
from media.admin.tiles import thread_of
from media.models import MediaFile
from media.services import renditions

_AGAIN = Verb(
    slug="download-again", label=gettext_lazy("Download again"), method="download_again", icon="retry"
)
_MAKE = Verb(
    slug="make-again",
    label=gettext_lazy("Make again"),
    method="make_again",
    icon="retry",
    confirm=gettext_lazy(
        "Make everything that is made of this file again? What is there now stays until then."
    ),
)
OF_WHOM = ("instance__client__id__exact", "instance__id__exact")
_SEALED = ("media_key", "direct_path", "url")


@admin.register(MediaFile)
class MediaFileAdmin(Paged, ReadOnly, WithVerbs):
    """Rows are made by messages and moved by the worker; people look, and ask again."""

    time_field = "created_at"
    list_display = ("picture", "name", "status", "next_try", "deadline", "last_attempt", "place")
    list_display_links = ("picture", "name")
    list_filter = (
        Shelf, ("instance__client", OfClient), ("instance", OfLine), OfConversation, "kind", Month, "state", "cause",
    )  # fmt: skip
    list_select_related = ("instance",)
    actions = ("download_again_action",)
    verbs = (_AGAIN, _MAKE)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer(*_SEALED)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ShelfChangeList]:
        return ShelfChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in OF_WHOM or super().lookup_allowed(lookup, value, request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        facts = {"title": _("Media"), "may_operate": self.has_operate_permission(request)}
        return super().changelist_view(request, extra_context=facts | (extra_context or {}))

    @admin.display(description="")
    def picture(self, media_file: MediaFile) -> str:
        return preview(media_file)

    @admin.display(description=gettext_lazy("File"))
    def name(self, media_file: MediaFile) -> str:
        size = display.size(media_file.declared_size if media_file.size is None else media_file.size)
        frame = '<span class="mc-filename">{}<span class="mc-under">{} · {}</span></span>'
        return format_html(frame, name_of(media_file), kind_label(media_file), size)

    @admin.display(description=gettext_lazy("State and reason"))
    def status(self, media_file: MediaFile) -> str:
        reason = in_language(media_file.error or media_file.warning)
        frame = '{} <b class="mc-cause">{}</b><span class="mc-under mc-reason">{}</span>'
        return format_html(frame, state_badge(media_file), cause_label(media_file), reason)

    @admin.display(description=gettext_lazy("Next try"))
    def next_try(self, media_file: MediaFile) -> str:
        waits = media_file.state == MediaFile.State.PENDING
        return _cell(_("Next try"), display.when(media_file.next_attempt_at if waits else None))

    @admin.display(description=gettext_lazy("At its source until"))
    def deadline(self, media_file: MediaFile) -> str:
        return _cell(_("At its source until"), display.when(media_file.expires_at))

    @admin.display(description=gettext_lazy("Last attempt"))
    def last_attempt(self, media_file: Any) -> str:
        attempt = media_file.last_attempt
        if attempt is None:
            return _cell(_("Last attempt"), display.NOTHING)
        said = f"{attempt.strategy}: {attempt.get_outcome_display()}".lower()
        when = format_html('{}<span class="mc-under">{}</span>', display.when(attempt.started_at), said)
        return _cell(_("Last attempt"), when)

    @admin.display(description=gettext_lazy("Conversation"))
    def place(self, media_file: MediaFile) -> str:
        address, name = thread_of(media_file)
        line = format_html('<span class="mc-under">{}</span>', media_file.instance)
        if not address:
            return _cell(_("Conversation"), format_html("{}{}", display.NOTHING, line))
        return _cell(_("Conversation"), format_html('<a href="{}">{}</a>{}', address, name, line))

    @admin.action(description=gettext_lazy("Download again"), permissions=["operate"])
    def download_again_action(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Download again")}
        answer = ask_or_do(request, self.operable(request, queryset), context)
        if isinstance(answer, HttpResponse):
            return answer
        self._tell(request, answer.count, has_more=answer.has_more)
        return None

    def download_again(self, request: HttpRequest, media_file: MediaFile) -> None:
        rows = MediaFile.objects.filter(pk=media_file.pk)
        self._tell(request, services.fetch_again(rows, now=timezone.now()))

    def make_again(self, request: HttpRequest, media_file: MediaFile) -> None:
        """What an earlier version did not make yet is asked for as well."""
        now = timezone.now()
        if media_file.is_ready:
            renditions.ask([(media_file, media_file.mimetype)], now=now)
            renditions.make_again(media_file.renditions.all(), now=now)
            audit.note(audit.Action.MEDIA_REMADE, media_file, at=now)
        self.message_user(request, _("The worker makes it again."), messages.SUCCESS)

    def _tell(self, request: HttpRequest, count: int, *, has_more: bool = False) -> None:
        """What came of it so far stands in the ledger: what still waits, and what failed anew."""
        if not count:
            text = _("Nothing to do: it is here, or on its way.")
            self.message_user(request, text, messages.WARNING)
            return
        text = ngettext(
            "%(count)d media file will be downloaded again.",
            "%(count)d media files will be downloaded again.",
            count,
        ) % {"count": count}
        frame = '{} {} <a href="{}">{}</a>'
        more = _("There are more; do it once more for the next ones.") if has_more else ""
        link = _("See what still waits")
        shown = format_html(frame, text, more, self._waiting(request), link)
        self.message_user(request, shown, messages.SUCCESS)

    def _waiting(self, request: HttpRequest) -> str:
        """What waits of the same client and line."""
        query = {name: request.GET[name] for name in OF_WHOM if request.GET.get(name)}
        address = reverse("admin:media_mediafile_changelist")
        return f"{address}?{urlencode({'state__exact': MediaFile.State.PENDING.value, **query})}"

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        """What nothing is made of offers nothing to make again."""
        makes = row.is_ready and (renditions.kinds_for(row, row.mimetype) or row.renditions.exists())
        fitting = {_AGAIN.slug: can_ask_again(row), _MAKE.slug: makes}
        return [verb for verb in super().verbs_for(request, row) if fitting[verb.slug]]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        media_file = kwargs["obj"]
        context |= {
            "media_file": media_file,
            "attempts": media_file.fetch_attempts.order_by("-started_at", "-id")[:100],
            "renditions": media_file.renditions.order_by("id"),
            "thread": thread_of(media_file),
            "title": name_of(media_file),
            "subtitle": None,
        }
        return super().render_change_form(request, context, *args, **kwargs)


def _cell(label: str, content: Any) -> str:
    """On a phone the table's head is gone, and each cell says what it holds."""
    return format_html('<span class="mc-cell-label">{}</span><span class="mc-cell">{}</span>', label, content)
