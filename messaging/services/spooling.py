"""Webhooks that the database cannot take now go to disk, where the machine's worker finds them."""

from functools import lru_cache
from pathlib import Path

import structlog
from django.conf import settings

from messaging.spool import Letter, Spool

log = structlog.get_logger(__name__)

# By then the disk may have room again, or the database be back; providers try for hours.
RETRY_AFTER_SECONDS = 30


def spool() -> Spool:
    return _spool(Path(settings.SPOOL_DIR), settings.SPOOL_MAX_BYTES)


@lru_cache(maxsize=4)
def _spool(folder: Path, max_bytes: int) -> Spool:
    return Spool(folder, max_bytes)


def set_by(letter: Letter) -> None:
    """Raises ``CannotKeep``."""
    name = spool().put(letter)
    log.info("webhook set by", instance=letter.instance, file=name, bytes=len(letter.body))
