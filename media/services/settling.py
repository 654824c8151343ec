"""Many fetched files made ready by one statement: written row by row, this would cost more than the fetching."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from media.models import MediaFile
from media.services.deciding import Result

State = MediaFile.State
COLUMNS = (
    "state", "lease_token", "lease_until", "file", "size", "sha256", "mimetype", "warning", "strategy", "error",
    "cause", "ready_at",
)  # fmt: skip
HELD = ("id", "lease_token", "state")


def write_ready(results: Sequence[Result], token: uuid.UUID, now: datetime) -> set[int]:
    """The media files that were still ours; of the others another worker will say what they are."""
    if not results:
        return set()
    chosen = [result.errand.media_file.pk for result in results]
    rows = [_prepared(_ready(result, now), COLUMNS) + _held(result, token) for result in results]
    with connection.cursor() as cursor:
        cursor.executemany(_statement(), rows)
        if cursor.rowcount == len(rows):
            return set(chosen)
    return set(
        MediaFile.objects.filter(pk__in=chosen, state=State.READY, ready_at=now).values_list("pk", flat=True)
    )


def _statement() -> str:
    quote = connection.ops.quote_name
    changes = ", ".join(f"{quote(name)} = %s" for name in COLUMNS)
    held = " AND ".join(f"{quote(name)} = %s" for name in HELD)
    return f"UPDATE {quote(MediaFile._meta.db_table)} SET {changes} WHERE {held}"


def _ready(result: Result, now: datetime) -> dict[str, Any]:
    fetched = result.fetched
    assert fetched is not None
    return {
        "state": State.READY,
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


def _held(result: Result, token: uuid.UUID) -> list[Any]:
    held = {"id": result.errand.media_file.pk, "lease_token": token, "state": State.FETCHING}
    return _prepared(held, HELD)


def _prepared(values: dict[str, Any], names: Sequence[str]) -> list[Any]:
    """As the database takes them; a column without a value becomes empty."""
    fields = {field.name: field for field in MediaFile._meta.concrete_fields}
    return [fields[name].get_db_prep_save(values.get(name), connection) for name in names]
