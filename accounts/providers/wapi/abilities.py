"""What W-API can send. It documents no limits, so those of WhatsApp's own apps hold."""

from accounts.providers.base import Abilities, MediaLimit
from accounts.providers.events import MediaKind

MIB = 1024 * 1024

ABILITIES = Abilities(
    edit=True,
    delete=True,
    templates=False,
    window=None,
    text=65536,
    caption=1024,
    webhook_logs=True,
    media={
        MediaKind.IMAGE: MediaLimit(max_bytes=16 * MIB),
        MediaKind.VIDEO: MediaLimit(max_bytes=16 * MIB),
        MediaKind.AUDIO: MediaLimit(max_bytes=16 * MIB),
        MediaKind.VOICE: MediaLimit(max_bytes=16 * MIB),
        MediaKind.DOCUMENT: MediaLimit(max_bytes=100 * MIB),
        MediaKind.STICKER: MediaLimit(mimetypes=("image/webp",), max_bytes=1 * MIB),
    },
)
