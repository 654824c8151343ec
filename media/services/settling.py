"""Many fetched files made ready at once."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.updating import update_each
from media.models import MediaFile
from media.services.deciding import Result

State = MediaFile.State


def write_ready(results: Sequence[Result], token: uuid.UUID, now: datetime) -> set[int]:
    """The media files that were still ours; of the others another worker will say what they are."""
    chosen = [result.errand.media_file.pk for result in results]
    held = {"lease_token": token, "state": State.FETCHING}
    rows = [(_ready(result, now), held | {"id": result.errand.media_file.pk}) for result in results]
    if update_each(MediaFile, rows) == len(rows):
        return set(chosen)
    return set(
        MediaFile.objects.filter(pk__in=chosen, state=State.READY, ready_at=now).values_list("pk", flat=True)
    )


def _ready(result: Result, now: datetime) -> dict[str, Any]:
    fetched = result.fetched
    assert fetched is not None
    return {
        "state": State.READY,
        "lease_token": None,
        "lease_until": None,
        "file": result.name,
        "size": fetched.size,
        "sha256": fetched.sha256.hex(),
        "mimetype": fetched.mimetype,
        "warning": fetched.warning[:300],
        "strategy": result.attempts[-1].strategy,
        "error": "",
        "cause": "",
        "ready_at": now,
    }
