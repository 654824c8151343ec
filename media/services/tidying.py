"""What a worker sees to now and then for the sake of the storage."""

from datetime import datetime

from media.services import quotas
from media.services.discarding import remove_leftovers


def tidy(now: datetime) -> None:
    """Removes what was discarded and could not be removed at once; and asks for files that have room now."""
    remove_leftovers(now=now)
    quotas.recheck_all(now)
