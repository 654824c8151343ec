"""What the Cloud API says it takes. Megabytes are read as the smaller, decimal ones."""

from datetime import timedelta

from accounts.providers.base import Abilities, MediaLimit
from accounts.providers.events import MediaKind

MB = 1000 * 1000
AUDIO = ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")

ABILITIES = Abilities(
    edit=False,
    delete=False,
    templates=True,
    window=timedelta(hours=24),
    text=4096,
    caption=1024,
    media={
        MediaKind.IMAGE: MediaLimit(mimetypes=("image/jpeg", "image/png"), max_bytes=5 * MB),
        MediaKind.VIDEO: MediaLimit(mimetypes=("video/mp4", "video/3gpp"), max_bytes=16 * MB),
        MediaKind.AUDIO: MediaLimit(mimetypes=AUDIO, max_bytes=16 * MB),
        MediaKind.VOICE: MediaLimit(mimetypes=("audio/ogg",), max_bytes=16 * MB),
        # Meta lists text, PDF and office files, and takes others as well.
        MediaKind.DOCUMENT: MediaLimit(max_bytes=100 * MB),
        # The cap of animated ones; whether one is, only its pixels tell, so the rest is left to Meta.
        MediaKind.STICKER: MediaLimit(mimetypes=("image/webp",), max_bytes=500_000),
    },
    # One message in six seconds for good; the burst is borrowed from the time after it.
    burst=45,
    burst_period=timedelta(seconds=45 * 6),
)
