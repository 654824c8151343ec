"""Telling the audit trail: ``note`` right where it is done, in the transaction in which it is done.

Facts are names of fields, ids, counts and words of ours; never what somebody wrote, never a secret.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from django.db import transaction
from django.db.models import Model

from accounts.models import Action, AuditEntry, Client, User, WhatsappInstance

__all__ = ["Action", "Via", "note", "note_many", "note_once", "through"]

Via = AuditEntry.Via
OPENED_AGAIN = timedelta(minutes=15)
# What is the clients' own; everything else is told by id alone.
NAMED = {
    "accounts.apitoken", "accounts.client", "accounts.membership", "accounts.user", "accounts.whatsappinstance",
    "messaging.label", "messaging.webhookendpoint",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Door:
    via: AuditEntry.Via
    address: str = ""


_door: ContextVar[Door | None] = ContextVar("door", default=None)


@contextmanager
def through(via: AuditEntry.Via, address: str = "") -> Iterator[None]:
    """The way in which everything inside is asked for; a command's unless told."""
    token = _door.set(Door(via, address))
    try:
        yield
    finally:
        _door.reset(token)


def note(
    action: Action,
    obj: Model | None,
    *,
    by: Any,
    at: datetime,
    instance: WhatsappInstance | None = None,
    client: Client | None = None,
    **facts: str | int,
) -> None:
    """``by`` is the person, or None for one who is at the command line or does not say. Instance and client are the
    object's own unless given."""
    _entry(action, obj, by=by, at=at, places=(instance, client), facts=facts).save(force_insert=True)


def note_many(action: Action, objs: Iterable[Model], *, by: Any, at: datetime, **facts: str | int) -> None:
    """The same act with each of them, in one statement."""
    entries = [_entry(action, obj, by=by, at=at, places=(None, None), facts=facts) for obj in objs]
    AuditEntry.objects.bulk_create(entries, batch_size=500)


def note_once(
    action: Action,
    obj: Model,
    *,
    by: Any,
    at: datetime,
    within: timedelta = OPENED_AGAIN,
    **facts: str | int,
) -> None:
    """Nothing when the same person did the same a moment ago. Asked again in the same process it costs no query."""
    key = (by.pk, by.token_hint, action.value, obj._meta.label_lower, obj.pk)
    if _recent.has(key, since=at - within):
        return
    known = AuditEntry.objects.about(obj).filter(user=by, token_hint=by.token_hint, action=action)
    if not known.filter(at__gt=at - within).exists():
        note(action, obj, by=by, at=at, **facts)
    transaction.on_commit(lambda: _recent.add(key, at))


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


_recent = _Recent()


def _entry(
    action: Action,
    obj: Model | None,
    *,
    by: Any,
    at: datetime,
    places: tuple[WhatsappInstance | None, Client | None],
    facts: dict[str, Any],
) -> AuditEntry:
    person = by if isinstance(by, User) else None
    kind = "" if obj is None else obj._meta.label_lower
    instance_id, client_id = _places(obj, *places)
    door = _door.get() or Door(Via.COMMAND)
    return AuditEntry(
        at=at,
        user=person,
        username=person.username if person else "",
        token_hint=person.token_hint if person else "",
        action=action.value,
        object_type=kind,
        object_id=None if obj is None else obj.pk,
        object_label=str(obj)[:200] if kind in NAMED else "",
        client_id=client_id,
        instance_id=instance_id,
        facts=facts,
        via=door.via,
        address=door.address,
    )


def _places(
    obj: Model | None, instance: WhatsappInstance | None, client: Client | None
) -> tuple[int | None, int | None]:
    """Ids of the instance and the client that it belongs to."""
    instance_id, client_id = _found_at(obj) if obj is not None else (None, None)
    if instance is not None:
        instance_id, client_id = instance.pk, instance.client_id
    return instance_id, client.pk if client is not None else client_id


def _found_at(row: Any) -> tuple[int | None, int | None]:
    path = getattr(type(row)._default_manager.all(), "client_path", "")
    if not path:
        return None, None
    for relation in path.split("__")[:-1]:
        row = getattr(row, relation)
    if isinstance(row, Client):
        return None, row.pk
    if isinstance(row, WhatsappInstance):
        return row.pk, row.client_id
    return getattr(row, "instance_id", None), row.client_id
