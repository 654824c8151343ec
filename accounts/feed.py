"""The feed of changes that streams, pollers and webhooks out read.

Ids have to become visible in their order, or a reader that has seen 8 would never look for a 7 that commits later.
SQLite has one writer at a time anyway; on PostgreSQL a lock, held until the commit, lets one transaction after the
other number its changes. Telling is therefore the last thing that a transaction does: nothing may wait behind it, and
whoever holds the lock waits for nobody.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import connection, transaction

from accounts.models import Change, WhatsappInstance

CHANNEL = "multichat_changes"
LOCK = 7_248_191_640
ROWS_AT_ONCE = 1000
# Foreign keys, which would be looked up at the commit, may have to wait for others' rows.
MY_TURN = (
    "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; "
    f"SELECT pg_advisory_xact_lock({LOCK}), pg_notify('{CHANNEL}', '')"
)
Topic, Action = Change.Topic, Change.Action
TYPES = tuple(f"{topic}.{action}" for topic in Topic.values for action in Action.values)

_gathered: ContextVar[list[Change] | None] = ContextVar("gathered", default=None)


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


@contextmanager
def collecting() -> Iterator[None]:
    """A transaction whose parts may ``tell`` at any point: it is written as the last statement of the outermost one."""
    if _gathered.get() is not None:
        yield
        return
    gathered: list[Change] = []
    token = _gathered.set(gathered)
    try:
        with transaction.atomic():
            yield
            _write(gathered)
    finally:
        _gathered.reset(token)


def tell(changes: Iterable[Change]) -> None:
    """Each object once, as created if it was. Outside of ``collecting`` this has to be the transaction's last word."""
    gathered = _gathered.get()
    if gathered is None:
        _write(changes)
    else:
        gathered.extend(changes)


def _write(changes: Iterable[Change]) -> None:
    rows = _once_each(changes)
    if not rows:
        return
    with transaction.atomic(savepoint=False):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(MY_TURN)
        Change.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)


def _once_each(changes: Iterable[Change]) -> list[Change]:
    found: dict[tuple[str, int], Change] = {}
    for row in changes:
        known = found.setdefault((row.topic, row.object_id), row)
        if row.action == Action.DELETED:
            known.action = row.action
    return list(found.values())
