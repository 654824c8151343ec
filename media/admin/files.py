from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from accounts.admin import display
from accounts.admin.access import ReadOnly, VisibleChoices
from accounts.admin.paging import Paged
from accounts.admin.verbs import Verb, WithVerbs
from media import services
from media.admin.display import can_ask_again, preview
from media.models import MediaFile

_AGAIN = Verb(slug="download-again", label="Download again", method="download_again", icon="retry")
_SEALED = ("media_key", "direct_path", "url", "waveform")


@admin.register(MediaFile)
class MediaFileAdmin(Paged, ReadOnly, WithVerbs):
    """Rows are made by messages and moved by the worker; people look, and ask again."""

    time_field = "created_at"
    list_display = ("picture", "name", "status", "why", "instance", "created")
    list_display_links = ("picture", "name")
    list_filter = (
        "state", "cause", "kind", ("instance", VisibleChoices), ("instance__client", VisibleChoices),
    )  # fmt: skip
    list_select_related = ("instance",)
    actions = ("download_again_action",)
    verbs = (_AGAIN,)
    empty_advice = (
        "No media file here. One appears for every picture, voice note, video or document in a message."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer(*_SEALED[:-1])

    @admin.display(description="")
    def picture(self, media_file: MediaFile) -> str:
        return preview(media_file)

    @admin.display(description="file")
    def name(self, media_file: MediaFile) -> str:
        name = display.visible_name(media_file.filename) or f"{media_file.kind} {media_file.pk}"
        size = display.size(media_file.size if media_file.is_ready else media_file.declared_size)
        frame = '<span class="mc-filename">{}<span class="mc-under">{} · {}</span></span>'
        return format_html(frame, name, media_file.kind, size)

    @admin.display(description="state")
    def status(self, media_file: MediaFile) -> str:
        return display.badge(media_file.state)

    @admin.display(description="reason and next try")
    def why(self, media_file: MediaFile) -> str:
        reason = media_file.error or media_file.warning
        if media_file.state != MediaFile.State.PENDING:
            return reason or display.NOTHING
        frame = '{}<span class="mc-under">next try: {}</span>'
        return format_html(frame, reason, display.when(media_file.next_attempt_at))

    @admin.display(description="created")
    def created(self, media_file: MediaFile) -> str:
        return display.when(media_file.created_at)

    @admin.action(description="Download again", permissions=["operate"])
    def download_again_action(self, request: HttpRequest, queryset: Any) -> None:
        count = services.fetch_again(self.operable(request, queryset), now=timezone.now())
        self._tell(request, count)

    def download_again(self, request: HttpRequest, media_file: MediaFile) -> None:
        self._tell(
            request, services.fetch_again(MediaFile.objects.filter(pk=media_file.pk), now=timezone.now())
        )

    def _tell(self, request: HttpRequest, count: int) -> None:
        if count:
            text = f"{count} media file{'s' if count > 1 else ''} will be downloaded again."
            self.message_user(request, text, messages.SUCCESS)
        else:
            self.message_user(request, "Nothing to do: it is here, or on its way.", messages.WARNING)

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        return super().verbs_for(request, row) if can_ask_again(row) else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        media_file = kwargs["obj"]
        context |= {
            "media_file": media_file,
            "attempts": media_file.fetch_attempts.order_by("-started_at", "-id")[:100],
            "title": display.visible_name(media_file.filename) or f"{media_file.kind} {media_file.pk}",
            "subtitle": None,
        }
        return super().render_change_form(request, context, *args, **kwargs)
