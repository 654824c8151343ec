"""Whether this process could do its work now, part by part, in words that tell a stranger nothing.

Each part is looked at in a thread of its own and remembered for some seconds, so that probes cost next to nothing and
what hangs holds up nobody.
"""

import os
import shutil
import uuid
from functools import cache, partial
from pathlib import Path

import structlog
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from accounts.questions import Question
from media.storage import incoming_folder, storage
from messaging.services.spooling import spool

log = structlog.get_logger(__name__)

FINE, LATE = "ok", "no answer in time"
PATIENCE = 2.0
# On a disk with less than this, nothing is relied on.
LITTLE = 64 * 1024**2


def parts() -> dict[str, str]:
    return {name: question.answer() for name, question in QUESTIONS.items()}


def forget() -> None:
    for question in QUESTIONS.values():
        question.forget()


def _database() -> str:
    """By a connection of its own, so that it is known whether one can be had."""
    try:
        applied = MigrationRecorder(connection).applied_migrations().keys()
    except DatabaseError as exc:
        log.warning("database not reachable", error=type(exc).__name__)
        return "not reachable"
    finally:
        connection.close()
    return FINE if _known_migrations() <= set(applied) else "migrations are missing"


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """Those that this program was written for; a newer one's may be there already."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _storage() -> str:
    try:
        return _try_folder(incoming_folder()) if isinstance(storage(), FileSystemStorage) else _ask_remote()
    except Exception as exc:  # noqa: BLE001 - every storage has its own errors
        log.warning("storage cannot be used", error=type(exc).__name__)
        return "cannot be used"


def _try_folder(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".ready-{uuid.uuid4().hex}"
    probe.write_bytes(b"ready")
    probe.unlink()
    return FINE


def _ask_remote() -> str:
    """Writing at every probe would cost; one that answers for a name that is not there can be reached."""
    storage().exists(".ready")
    return FINE


def _spool() -> str:
    try:
        used = spool().held().bytes
        there = next(path for path in (settings.SPOOL_DIR, *settings.SPOOL_DIR.parents) if path.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            return "cannot be written"
        free = shutil.disk_usage(there).free
    except OSError as exc:
        log.warning("spool cannot be used", error=exc.strerror)
        return "cannot be used"
    has_room = used + settings.WEBHOOK_MAX_BYTES <= settings.SPOOL_MAX_BYTES and free >= LITTLE
    return FINE if has_room else "no room"


_question = partial(Question[str], late=LATE, patience=PATIENCE)
QUESTIONS = {
    "database": _question(_database, keep=1.0),
    "storage": _question(_storage, keep=10.0),
    "spool": _question(_spool, keep=10.0),
}
