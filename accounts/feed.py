"""The feed of changes that streams, pollers and webhooks out read.

Ids have to become visible in their order, or a reader that has seen 8 would never look for a 7 that commits later.
SQLite has one writer at a time anyway; on PostgreSQL a lock, held until the commit, lets one transaction after the
other number its changes. Telling is therefore the last thing that a transaction does: nothing may wait behind it.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from accounts.models import Change, WhatsappInstance

CHANNEL = "multichat_changes"
LOCK = 7_248_191_640
Topic, Action = Change.Topic, Change.Action


def change(
    instance: WhatsappInstance, topic: Change.Topic, object_id: int, action: Change.Action, *, at: datetime
) -> Change:
    return Change(
        client_id=instance.client_id,
        instance=instance,
        topic=topic,
        action=action,
        object_id=object_id,
        occurred_at=at,
    )


def tell(changes: Iterable[Change]) -> None:
    """Each object once, as created if it was; the last statement of the caller's transaction."""
    rows = _once_each(changes)
    if not rows:
        return
    with transaction.atomic():
        if connection.vendor != "postgresql":
            Change.objects.bulk_create(rows)
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            Change.objects.bulk_create(rows)
            cursor.execute(f"NOTIFY {CHANNEL}")


def _once_each(changes: Iterable[Change]) -> list[Change]:
    found: dict[tuple[str, int], Change] = {}
    for row in changes:
        known = found.setdefault((row.topic, row.object_id), row)
        if row.action == Action.DELETED:
            known.action = row.action
    return list(found.values())
