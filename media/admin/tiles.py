"""One file in the gallery."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin import display
from media.admin.display import inline_picture, kind_label, name_of, waveform_bars
from media.models import MediaFile, Rendition
from media.serving import INLINE
from media.sniffing import bare, extension_of

Kind, Made = MediaFile.Kind, Rendition.Kind
SOUNDS = (Kind.VOICE, Kind.AUDIO)
PICTURES = (Kind.IMAGE, Kind.STICKER)
# Until its thumbnail is made, a picture as small as this is shown itself.
SMALL = 256 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """``large`` is the picture as it is shown when its tile is clicked; ``m4a`` is for players that know no Opus."""

    media_file: Any
    name: str
    page: str
    facts: list[str]
    picture: str = ""
    large: str = ""
    address: str = ""
    m4a: str = ""
    ending: str = ""
    bars: list[tuple[int, int, int]]
    is_sound: bool
    is_video: bool
    thread: str
    conversation: str


def tile_of(media_file: Any) -> Tile:
    address = reverse("media-file", args=[media_file.pk])
    made = {one.kind: f"{address}?rendition={one.kind}" for one in media_file.made if one.file}
    is_sound = media_file.kind in SOUNDS
    thread, conversation = thread_of(media_file)
    return Tile(
        media_file=media_file,
        name=name_of(media_file),
        page=reverse("admin:media_mediafile_change", args=[media_file.pk]),
        facts=list(filter(None, _facts(media_file))),
        picture="" if is_sound else _picture(media_file, made, address),
        large=made.get(Made.PREVIEW, address) if _is_shown(media_file) else "",
        address=address,
        m4a=made.get(Made.M4A, ""),
        ending=extension_of(media_file.mimetype).strip(".").upper()
        if media_file.kind == Kind.DOCUMENT
        else "",
        bars=waveform_bars(media_file) if is_sound else [],
        is_sound=is_sound,
        is_video=media_file.kind == Kind.VIDEO,
        thread=thread,
        conversation=conversation,
    )


def thread_of(media_file: Any) -> tuple[str, str]:
    """Where its message stands in its conversation, and the conversation's name."""
    message = getattr(media_file, "message", None)
    if message is None:
        return "", ""
    address = reverse("admin:messaging_conversation_change", args=[message.conversation_id])
    name = display.visible_name(str(message.conversation))
    return f"{address}?message={message.pk}#message-{message.pk}", name


def _picture(media_file: MediaFile, made: dict[str, str], address: str) -> str:
    if Made.THUMBNAIL in made:
        return made[Made.THUMBNAIL]
    is_small = _is_shown(media_file) and (media_file.size or 0) <= SMALL
    return inline_picture(media_file) or (address if is_small else "")


def _is_shown(media_file: MediaFile) -> bool:
    """Whether a browser shows the stored file as a picture."""
    return media_file.kind in PICTURES and INLINE.get(bare(media_file.mimetype), "").startswith("image/")


def _facts(media_file: MediaFile) -> list[str]:
    pages = media_file.pages
    return [
        kind_label(media_file),
        display.clock(media_file.duration),
        ngettext("%(pages)d page", "%(pages)d pages", pages) % {"pages": pages} if pages else "",
        _("animated") if media_file.animated else "",
        display.size(media_file.size),
    ]
