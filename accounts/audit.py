"""Telling the audit trail: ``note`` right where it is done, in the transaction in which it is done.

Facts are names of fields, ids, counts and words of ours; never what somebody wrote, never a secret.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import Action, AuditEntry, Client, User, WhatsappInstance

__all__ = ["ASKER", "Action", "Via", "asker", "note", "note_many", "note_once", "through"]

Via = AuditEntry.Via
OPENED_AGAIN = timedelta(minutes=15)
ROWS_AT_ONCE = 500
# What is the client's own; everything else is told by id alone.
NAMED = {
    "accounts.apitoken", "accounts.client", "accounts.membership", "accounts.user", "accounts.whatsappinstance",
    "messaging.label", "messaging.webhookendpoint",
}  # fmt: skip


class _Asker:
    """Stands for whoever makes the request."""


ASKER = _Asker()


@dataclass(frozen=True, slots=True)
class _Way:
    via: AuditEntry.Via
    address: str = ""
    user: Callable[[], Any] | None = None


_way: ContextVar[_Way | None] = ContextVar("way", default=None)


@contextmanager
def through(
    via: AuditEntry.Via, *, address: str = "", user: Callable[[], Any] | None = None
) -> Iterator[None]:
    """The way in which everything inside is asked for, and who is asked for it once there is something to note."""
    token = _way.set(_Way(via, address, user))
    try:
        yield
    finally:
        _way.reset(token)


def asker() -> User | None:
    """Who makes this request; None outside of requests, and before a login."""
    way = _way.get()
    found = way.user() if way and way.user else None
    return found if found is not None and found.is_authenticated else None


def note(
    action: Action,
    obj: Model | None,
    *,
    by: Any = ASKER,
    at: datetime | None = None,
    instance: WhatsappInstance | None = None,
    client: Client | None = None,
    **facts: str | int,
) -> None:
    """``by`` is the person; None is one at the command line, or one who cannot be known. By the ASKER, nothing is noted
    where nobody asked, as in a worker. Instance and client are the object's own unless given."""
    entry = _entry(action, obj, by, at, facts, instance)
    if entry is None:
        return
    if client is not None:
        entry.client_id = client.pk
    entry.save(force_insert=True)


def note_many(
    action: Action, objs: Iterable[Model], *, by: Any = ASKER, at: datetime | None = None, **facts: str | int
) -> None:
    """The same act with each of them, in one statement."""
    entries = [_entry(action, obj, by, at, facts) for obj in objs]
    AuditEntry.objects.bulk_create([entry for entry in entries if entry], batch_size=ROWS_AT_ONCE)


def note_once(
    action: Action,
    obj: Model,
    *,
    by: Any = ASKER,
    at: datetime | None = None,
    within: timedelta = OPENED_AGAIN,
    looks: bool = False,
    **facts: str | int,
) -> None:
    """Nothing when the same person did so a moment ago: as this process knows or, with ``looks``, the trail."""
    entry = _entry(action, obj, by, at, facts)
    if entry is None:
        return
    key = (entry.user_id, entry.token_hint, entry.action, entry.object_type, entry.object_id)
    if _recent.has(key, since=entry.at - within):
        return
    mine = AuditEntry.objects.about(obj).filter(user=entry.user_id, token_hint=entry.token_hint)
    if not (looks and mine.filter(action=entry.action, at__gt=entry.at - within).exists()):
        entry.save(force_insert=True)
    transaction.on_commit(lambda: _recent.add(key, entry.at))


class _Recent:
    """What was noted lately, so that a thousand pieces of one film ask the database once."""

    ROOM = 20_000

    def __init__(self) -> None:
        self._times: OrderedDict[tuple[Any, ...], datetime] = OrderedDict()
        self._lock = Lock()

    def has(self, key: tuple[Any, ...], *, since: datetime) -> bool:
        found = self._times.get(key)
        return found is not None and found > since

    def add(self, key: tuple[Any, ...], at: datetime) -> None:
        with self._lock:
            self._times[key] = at
            self._times.move_to_end(key)
            while len(self._times) > self.ROOM:
                self._times.popitem(last=False)

    def clear(self) -> None:
        self._times.clear()


_recent = _Recent()
forget = _recent.clear


def _entry(
    action: Action,
    obj: Model | None,
    by: Any,
    at: datetime | None,
    facts: dict[str, Any],
    place: WhatsappInstance | None = None,
) -> AuditEntry | None:
    person = asker() if by is ASKER else by
    if by is ASKER and person is None:
        return None
    kind = "" if obj is None else obj._meta.label_lower
    instance_id, client_id = _places(place or obj)
    way = _way.get() or _Way(Via.COMMAND)
    hint = getattr(person, "token_hint", "")
    return AuditEntry(
        at=at or timezone.now(),
        user_id=getattr(person, "pk", None),
        username=getattr(person, "username", ""),
        token_hint=hint,
        action=action.value,
        object_type=kind,
        object_id=None if obj is None else obj.pk,
        object_label=str(obj)[:200] if kind in NAMED else "",
        client_id=client_id,
        instance_id=instance_id,
        facts=facts,
        # Our own pages act through the API too.
        via=Via.API if hint else way.via,
        address=way.address,
    )


def _places(row: Any) -> tuple[int | None, int | None]:
    """Ids of the instance and the client that it belongs to."""
    path = getattr(row._meta.model._default_manager.all(), "client_path", "") if row is not None else ""
    for relation in path.split("__")[:-1]:
        if relation == "instance" and not row._meta.get_field(relation).is_cached(row):
            # Not the instance itself: it has secrets, which may be unreadable.
            found = WhatsappInstance.objects.filter(pk=row.instance_id).values_list("client", flat=True)
            return row.instance_id, found.first()
        row = getattr(row, relation)
    if isinstance(row, WhatsappInstance):
        return row.pk, row.client_id
    if isinstance(row, Client):
        return None, row.pk
    return (getattr(row, "instance_id", None), row.client_id) if path else (None, None)
