"""How much each instance used, added up in the transaction that brings it."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, Sum

from accounts.models import Client, Usage

KEY = ("instance_id", "month", "kind")
COUNTED = ("inbound", "outbound", "files", "bytes")
# A statement takes a limited number of parameters.
ROWS_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """``kind`` is a message's type or a file's kind."""

    instance_id: int
    kind: str
    inbound: int = 0
    outbound: int = 0
    files: int = 0
    bytes: int = 0


def count(used: Iterable[Used], *, now: datetime) -> None:
    """One statement for a batch. Its rows stay locked until the caller's transaction ends: call it late, and once.

    Sorted, so that two workers take the same rows in the same order and never wait for each other in a circle.
    """
    month = month_of(now)
    rows: list[tuple[Any, ...]] = sorted(
        (instance, month, kind, *sums) for (instance, kind), sums in _added_up(used).items()
    )
    with connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            cursor.execute(_statement(len(part)), [value for row in part for value in row])


def take_back(used: Used, *, now: datetime) -> None:
    """What turned out to have been counted under another name."""
    counted = {name: getattr(used, name) for name in COUNTED if getattr(used, name)}
    rows = Usage.objects.filter(instance=used.instance_id, month=month_of(now), kind=used.kind)
    enough = {f"{name}__gte": number for name, number in counted.items()}
    rows.filter(**enough).update(**{name: F(name) - number for name, number in counted.items()})


def month_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date().replace(day=1)


def _added_up(used: Iterable[Used]) -> dict[tuple[int, str], list[int]]:
    sums: dict[tuple[int, str], list[int]] = {}
    for one in used:
        instance_id, kind, *counts = astuple(one)
        known = sums.setdefault((instance_id, str(kind)), [0] * len(COUNTED))
        known[:] = [old + more for old, more in zip(known, counts, strict=True)]
    return sums


def _statement(rows: int) -> str:
    """Django's own upsert replaces; adding to what is there takes the database's words, which both of ours share."""
    quote = connection.ops.quote_name
    table = quote(Usage._meta.db_table)
    names = ", ".join(quote(name) for name in (*KEY, *COUNTED))
    places = ", ".join([f"({', '.join(['%s'] * len((*KEY, *COUNTED)))})"] * rows)
    sums = ", ".join(f"{quote(name)} = {table}.{quote(name)} + excluded.{quote(name)}" for name in COUNTED)
    key = ", ".join(quote(name) for name in KEY)
    return f"INSERT INTO {table} ({names}) VALUES {places} ON CONFLICT ({key}) DO UPDATE SET {sums}"


def usage_of(
    client: Client, first: date, last: date, *, instance_id: int | None = None
) -> list[dict[str, Any]]:
    """By month and kind, summed over the client's instances or of one of them."""
    rows = Usage.objects.filter(instance__client=client, month__gte=first, month__lte=last)
    if instance_id is not None:
        rows = rows.filter(instance=instance_id)
    sums = {name: Sum(name) for name in COUNTED}
    return list(rows.values("month", "kind").annotate(**sums).order_by("month", "kind"))


def totals_of(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    found = list(rows)
    return {name: sum(row[name] for row in found) for name in COUNTED}
