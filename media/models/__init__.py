"""Files of messages, every attempt to get them, and what is made of them."""

from media.models.attempts import FetchAttempt, FetchAttemptQuerySet, StrategyHealth
from media.models.files import MediaFile, MediaFileQuerySet, a_month_from_now
from media.models.renditions import Rendition

__all__ = [
    "FetchAttempt",
    "FetchAttemptQuerySet",
    "MediaFile",
    "MediaFileQuerySet",
    "Rendition",
    "StrategyHealth",
    "a_month_from_now",
]
