"""Asking for an export, and taking it away again: when its time is over, or when somebody in it was erased."""

from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.audit import Action
from accounts.models import Client, User
from media.storage import storage
from messaging.models import Contact, Conversation, Export
from messaging.services.exporting.contents import Plan, folder_of_export, notes_name, part_name

log = structlog.get_logger(__name__)

AT_ONCE = 20
State, Scope = Export.State, Export.Scope
OVER = "its time is over"


def request_export(of: "Client | Conversation | Contact", *, by: User | None, now: datetime) -> Export:
    """The one of the same that is under way, or a new one."""
    facts = _facts(of)
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=facts["client"].pk)
        waiting = Export.objects.filter(**facts, state__in=(State.PENDING, State.MAKING)).first()
        if waiting is not None:
            return waiting  # type: ignore[no-any-return]
        made = Export.objects.create(**facts, requested_by=by, created_at=now, next_attempt_at=now)
        audit.note(Action.DATA_EXPORTED, made, by=by, at=now, scope=str(made.scope), of=of.pk)
    log.info("export requested", export=made.pk, client=made.client_id, scope=made.scope)
    return made


def note_download(export: Export, *, by: Any, now: datetime) -> None:
    audit.note_once(
        Action.DATA_EXPORTED, export, by=by, at=now, scope=str(export.scope), downloaded=export.pk
    )


def _facts(of: "Client | Conversation | Contact") -> dict[str, Any]:
    if isinstance(of, Client):
        return {"client": of, "scope": Scope.CLIENT}
    if isinstance(of, Conversation):
        return {"client": of.instance.client, "scope": Scope.CONVERSATION, "conversation": of}
    return {"client": of.client, "scope": Scope.CONTACT, "contact": of}


def remove_over(now: datetime) -> int:
    """A bounded number of those whose time is over."""
    return remove(Export.objects.over(now).order_by("id")[:AT_ONCE], OVER)


def remove(exports: "QuerySet[Export] | list[Export]", reason: str) -> int:
    """The row stays and says why. The row first: nobody begins to read what is about to go."""
    removed = 0
    for export in list(exports):
        known = Export.objects.filter(pk=export.pk).exclude(state=State.EXPIRED)
        in_hand = known.filter(state=State.MAKING).exists()
        with transaction.atomic():
            gone = known.let_go(state=State.EXPIRED, error=reason[:300])
            if gone:
                audit.note(Action.DATA_EXPORT_REMOVED, export)
        removed += gone
        remove_parts(export)
        if in_hand:
            # Its worker clears its part away, or is killed before: then the next sweep does.
            Export.objects.filter(pk=export.pk).update(part_sizes=[0])
        log.info("export removed", export=export.pk, reason=reason)
    return removed


def remove_parts(export: Export) -> None:
    """Whatever lies there, written down or not."""
    folder = folder_of_export(export.client_id, export.pk)
    try:
        for name in _names_in(folder):
            storage().delete(f"{folder}/{name}")
    except Exception:  # noqa: BLE001 - every storage has its own errors
        log.warning("parts of an export not removed", export=export.pk, exc_info=True)
        return
    Export.objects.filter(pk=export.pk).exclude(state=State.READY).update(part_sizes=[], cursor={})


def remove_part(plan: Plan) -> None:
    """One that does not count."""
    try:
        storage().delete(part_name(plan.folder, plan.number, plan.mark))
        storage().delete(notes_name(plan.folder, plan.number, plan.mark))
    except Exception:  # noqa: BLE001 - every storage has its own errors
        log.warning("part of an export not removed", export=plan.export, exc_info=True)


def _names_in(folder: str) -> list[str]:
    """A disk has no listing of a folder that is not there; a bucket has no folders, and says that none is there."""
    try:
        names: list[str] = storage().listdir(folder)[1]
    except FileNotFoundError:
        return []
    return names
