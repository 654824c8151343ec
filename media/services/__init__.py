"""What other apps may do with media files."""

from media.services.fetching import Fetcher, fetch_now
from media.services.keeping import fetch_again, mark_missing, resume, sweep
from media.services.registering import learn_source, new_media_file
from media.services.rendering import Renderer, make_now
from media.services.tidying import tidy

__all__ = [
    "Fetcher",
    "Renderer",
    "fetch_again",
    "fetch_now",
    "learn_source",
    "make_now",
    "mark_missing",
    "new_media_file",
    "resume",
    "sweep",
    "tidy",
]
