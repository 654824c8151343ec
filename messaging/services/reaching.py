"""Asking the database on behalf of somebody who cannot wait: a webhook request.

A database that does not answer is asked again by one request at a time, every now and then; the others are told at
once.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, connection, connections

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Between two tries while it is away.
REST_SECONDS = 1.0
# A statement that takes longer than this hangs: the connection is cut, so that the request can go on without.
PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 1.0


# InternalError is what a server that has become read-only answers.
AWAY = (OperationalError, InterfaceError, InternalError)


class DatabaseAway(Exception):
    """Whether what was asked for was done is not known."""


class Outage:
    """``_until`` is 0 while all is well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._since = 0.0
        self._trying = 0

    def may_ask(self) -> bool:
        if not self._until:
            return True
        with self._lock:
            now = time.monotonic()
            if now >= self._until:
                # Whoever asks now may have to wait for the answer; nobody else does.
                self._until = now + PATIENCE_SECONDS + REST_SECONDS
                self._trying = threading.get_ident()
            return self._trying == threading.get_ident()

    def begins(self, error: Exception) -> None:
        with self._lock:
            now = time.monotonic()
            known, self._until = bool(self._until), now + REST_SECONDS
            self._since, self._trying = self._since if known else now, 0
        if not known:
            # Only the error's class: a database's message may quote a row.
            log.error("database does not answer, webhooks go to disk", error=type(error).__name__)

    def ends(self) -> None:
        if not self._until:
            return
        with self._lock:
            lasted, self._until = time.monotonic() - self._since, 0.0
        log.warning("database answers again", seconds=round(lasted, 1))


class Watch:
    """Cuts the connections of statements that hang: PostgreSQL's own limits hold only while its server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking: dict[int, tuple[float, Any]] = {}
        self._thread: threading.Thread | None = None

    def begin(self) -> int:
        me = threading.get_ident()
        if self._thread is None or not self._thread.is_alive():
            self._start()
        self._asking[me] = (time.monotonic(), connections["default"])
        return me

    def end(self, ticket: int) -> None:
        with self._lock:
            self._asking.pop(ticket, None)

    def _start(self) -> None:
        with self._lock:
            self._thread = threading.Thread(target=self._run, name="patience", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            before = time.monotonic() - PATIENCE_SECONDS
            with self._lock:
                for ticket, (began, wrapper) in list(self._asking.items()):
                    if began < before:
                        self._asking.pop(ticket, None)
                        _cut(wrapper)


outage, _watch = Outage(), Watch()


def ask(question: Callable[[], T]) -> T:
    """The answer, or ``DatabaseAway``."""
    if not outage.may_ask():
        raise DatabaseAway
    ticket = _watch.begin() if connection.vendor == "postgresql" else None
    try:
        return question()
    except AWAY as exc:
        outage.begins(exc)
        raise DatabaseAway from exc
    except DatabaseError as exc:
        # It is there, but not as we know it: in the middle of an update, for instance.
        log.error("database refuses", error=type(exc).__name__)  # noqa: TRY400
        raise DatabaseAway from exc
    finally:
        if ticket is not None:
            _watch.end(ticket)


def _cut(wrapper: Any) -> None:
    with suppress(Exception), socket.socket(fileno=os.dup(wrapper.connection.pgconn.socket)) as wire:
        wire.shutdown(socket.SHUT_RDWR)
