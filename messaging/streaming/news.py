"""How a process learns that the feed has grown: PostgreSQL says so, any other database is asked."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from django.db import connection

from accounts.feed import CHANNEL

log = structlog.get_logger(__name__)

ASK_SECONDS = 0.5
# For what a broken connection may have kept from us.
ASK_LISTENERS_SECONDS = 5.0
RECONNECT_SECONDS = 2.0
# Django's own cursors and adapters are not for asyncio.
NOT_FOR_US = ("cursor_factory", "context")


def pause() -> float:
    """So long without news, the feed is looked at all the same."""
    return ASK_LISTENERS_SECONDS if connection.vendor == "postgresql" else ASK_SECONDS


async def listen(ring: Callable[[], None]) -> None:
    """For as long as the process lives; ends at once where the database cannot tell."""
    if connection.vendor != "postgresql":
        return
    options = connection.get_connection_params()
    chosen = {name: value for name, value in options.items() if name not in NOT_FOR_US}
    while True:
        try:
            await _listen_once(chosen, ring)
        except (psycopg.Error, OSError) as exc:
            log.warning("listening interrupted", error=type(exc).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen_once(options: dict[str, Any], ring: Callable[[], None]) -> None:
    async with await psycopg.AsyncConnection.connect(**options, autocommit=True) as connected:
        await connected.execute(f"LISTEN {CHANNEL}")
        ring()
        async for _ in connected.notifies():
            ring()
