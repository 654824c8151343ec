"""Files of messages, every attempt to get them, and what is made of them."""

from media.models.attempts import FetchAttempt, FetchAttemptQuerySet, StrategyHealth
from media.models.files import MediaFile, MediaFileQuerySet, a_month_from_now
from media.models.renditions import Rendition
from media.models.storage import Leftover, StorageUse

__all__ = [
    "FetchAttempt",
    "FetchAttemptQuerySet",
    "Leftover",
    "MediaFile",
    "MediaFileQuerySet",
    "Rendition",
    "StorageUse",
    "StrategyHealth",
    "a_month_from_now",
]
