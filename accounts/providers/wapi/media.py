"""What a W-API message says about its file."""

from datetime import datetime, timedelta

from accounts.providers.events import MediaDescriptor, MediaKind
from accounts.providers.wire import Fields, expiry_of

# WhatsApp keeps an encrypted file about this long after its key was made.
LIFETIME = timedelta(days=30)
VIEW_ONCE_WITHOUT_KEY = "view once: the phone does not hand out the key"
WITHOUT_ADDRESS = "the message does not say where its file is"


def descriptor(kind: MediaKind, media: Fields, *, view_once: bool) -> MediaDescriptor:
    direct_path, url = media.word("directPath"), media.word("url")
    return MediaDescriptor(
        kind=kind,
        mimetype=media.word("mimetype"),
        filename=media.text("fileName", "title") if kind is MediaKind.DOCUMENT else "",
        size=media.size("fileLength"),
        media_key=media.blob("mediaKey"),
        direct_path=direct_path,
        url=url,
        sha256=media.sum("fileSha256"),
        enc_sha256=media.sum("fileEncSha256"),
        thumbnail=media.blob("jpegThumbnail", "pngThumbnail"),
        waveform=media.blob("waveform"),
        duration=media.count("seconds"),
        width=media.count("width"),
        height=media.count("height"),
        pages=media.count("pageCount"),
        animated=any(media.flag(name) for name in ("isAnimated", "isLottie", "gifPlayback")),
        expires_at=_expiry(media, direct_path, url),
        unavailable=_why_unavailable(media, view_once=view_once),
    )


def _expiry(media: Fields, direct_path: str, url: str) -> datetime | None:
    signed_until = expiry_of(direct_path) or expiry_of(url)
    if signed_until:
        return signed_until
    key_made = media.moment("mediaKeyTimestamp")
    return key_made + LIFETIME if key_made else None


def _why_unavailable(media: Fields, *, view_once: bool) -> str:
    if view_once and not media.blob("mediaKey"):
        return VIEW_ONCE_WITHOUT_KEY
    return "" if media.word("directPath", "url") else WITHOUT_ADDRESS
