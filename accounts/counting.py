"""Several counts in one statement, none of which reads further than its cap."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection


def counts_up_to(cap: int, querysets: Sequence[Any]) -> list[int]:
    """Of each, at most one more than the cap."""
    parts, values = [], []
    for rows in querysets:
        try:
            sql, params = rows.order_by().values("pk")[: cap + 1].query.sql_with_params()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) counted)")
        values += params
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return list(cursor.fetchone())
