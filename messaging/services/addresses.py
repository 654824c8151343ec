"""Which instance a webhook address belongs to.

A provider with its decrypted credentials is remembered for as long as the instance's row stays as it was. Whether it
has is looked up again after WEBHOOK_LOOKUP_SECONDS, so a changed key or an instance that was switched off works that
much longer; with 0 it stops at once.
"""

import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.models import WhatsappInstance
from accounts.providers.base import Provider
from accounts.services import provider_for

MOST_KNOWN = 1000
ANY_KEY = "<any key>"
COLUMNS = ("id", "provider", "instance_id", *WhatsappInstance.SECRET_FIELDS)


@dataclass(frozen=True, slots=True)
class Line:
    instance: WhatsappInstance
    provider: Provider
    row: tuple[Any, ...] = ()
    seen_at: float = field(default_factory=time.monotonic)


_known: dict[str, Line] = {}


def line_of(webhook_key: str) -> Line | None:
    line = _known.get(webhook_key)
    if line and time.monotonic() - line.seen_at < settings.WEBHOOK_LOOKUP_SECONDS:
        return line
    row = _row(webhook_key)
    if row is None:
        _known.pop(webhook_key, None)
        return None
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    line = _known[webhook_key] = (
        Line(line.instance, line.provider, row) if line and line.row == row else _read(row)
    )
    return line


def remembered(webhook_key: str) -> Line | None:
    """As it was when the database was last asked: good enough while it cannot be."""
    return _known.get(webhook_key)


def _read(row: tuple[Any, ...]) -> Line:
    instance = WhatsappInstance.objects.get(pk=row[0])
    return Line(instance, provider_for(instance), row)


def _row(webhook_key: str) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        sql, parameters = _statement()
        cursor.execute(sql, [webhook_key if value == ANY_KEY else value for value in parameters])
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    """Composed once: for every request that would take longer than running it."""
    rows = WhatsappInstance.objects.reachable().filter(webhook_key=ANY_KEY).order_by()
    return rows.values_list(*COLUMNS).query.sql_with_params()
