"""How a media file looks: its inline picture, and the sentence that says where it stands."""

import base64

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin import display
from media.models import MediaFile

JPEG = b"\xff\xd8\xff"
LARGEST_INLINE = 32 * 1024
WIDEST, HIGHEST = 420, 340
KIND_ICONS = {
    "image": "image", "video": "video", "audio": "music", "voice": "voice", "document": "document",
    "sticker": "sticker",
}  # fmt: skip
SENTENCES = {
    "pending": _("Waiting for its next try."),
    "fetching": _("Being downloaded right now."),
    "ready": _("Stored and verified."),
    "expired": _("Its time at the source is over. The sender can send it again."),
    "failed": _("Every source refused it, or the tries ran out."),
    "unavailable": _("There never was a file to fetch."),
    "missing": _("It was here, and the stored file is lost."),
}


def inline_picture(media_file: MediaFile) -> str:
    """The message's own small JPEG as a data address; anything else that was sent in its place is not shown."""
    picture = bytes(media_file.thumbnail or b"")
    if not picture.startswith(JPEG) or len(picture) > LARGEST_INLINE:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()


def kind_icon(media_file: MediaFile) -> SafeString:
    return display.icon(KIND_ICONS.get(media_file.kind, "document"))


def preview(media_file: MediaFile) -> SafeString:
    picture = inline_picture(media_file)
    if picture:
        return format_html('<img class="mc-thumb" src="{}" alt="{}">', picture, kind_label(media_file))
    return format_html(
        '<span class="mc-thumb mc-thumb-icon">{}<span class="visually-hidden">{}</span></span>',
        kind_icon(media_file),
        kind_label(media_file),
    )


def sentence(media_file: MediaFile) -> str:
    return str(SENTENCES.get(media_file.state, ""))


def state_badge(media_file: MediaFile) -> SafeString:
    return display.badge(media_file.state, str(media_file.get_state_display()).lower())


def kind_label(media_file: MediaFile) -> str:
    return str(media_file.get_kind_display())


def cause_label(media_file: MediaFile) -> str:
    return str(media_file.get_cause_display()) if media_file.cause else ""


def name_of(media_file: MediaFile) -> str:
    return display.visible_name(media_file.filename) or f"{kind_label(media_file)} {media_file.pk}"


def can_ask_again(media_file: MediaFile) -> bool:
    return media_file.state not in (MediaFile.State.READY, MediaFile.State.FETCHING)


def display_size(media_file: MediaFile) -> str:
    """Attributes that keep a picture's place before it comes; stated sizes may be anything, so they are bounded."""
    if not media_file.width or not media_file.height:
        return ""
    scale = min(WIDEST / media_file.width, HIGHEST / media_file.height, 1)
    width, height = max(round(media_file.width * scale), 40), max(round(media_file.height * scale), 40)
    return format_html('width="{}" height="{}"', width, height)


def waveform_bars(media_file: MediaFile) -> list[tuple[int, int, int]]:
    """(x, y, height) of each bar in a strip 32 high; loudness comes as bytes of 0 to 100."""
    heights = [max(2, min(level, 100) * 30 // 100) for level in bytes(media_file.waveform or b"")[:64]]
    return [(position * 4, (32 - height) // 2, height) for position, height in enumerate(heights)]
