"""On PostgreSQL a stored webhook event wakes idle workers at once; elsewhere they look for themselves."""

import threading
import time

import structlog
from django.db import connection, connections

log = structlog.get_logger(__name__)

CHANNEL = "multichat_work"
# Within this time a worker that was woken is still busy looking.
QUIET = 0.25

_notified_at = 0.0


def wake_workers() -> None:
    global _notified_at
    if connection.vendor != "postgresql" or time.monotonic() - _notified_at < QUIET:
        return
    _notified_at = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


class Alarm:
    """Sleeps until woken or until the time is over. Without PostgreSQL it only sleeps."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        if connection.vendor == "postgresql":
            threading.Thread(target=self._listen, name="listen", daemon=True).start()

    def sleep(self, seconds: float) -> None:
        self._rung.wait(seconds)
        self._rung.clear()

    def ring(self) -> None:
        self._rung.set()

    def _listen(self) -> None:
        while True:
            try:
                self._listen_once()
            except Exception:  # noqa: BLE001 - polling goes on without; listening is tried again
                log.info("listening interrupted", exc_info=True)
                connections.close_all()
                time.sleep(5)

    def _listen_once(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
            for _ in cursor.connection.notifies():
                self._rung.set()
