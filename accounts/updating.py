"""Rows that each get values of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

Row = tuple[Mapping[str, Any], Mapping[str, Any]]


def update_each(model: type[Model], rows: Sequence[Row]) -> int:
    """Each row: what is written, and what has to be true of it; all of them name the same fields. How many there were.

    They go to the database together. Written one after the other, many small rows cost more than what they tell of.
    """
    if not rows:
        return 0
    fields = {field.name: field for field in model._meta.concrete_fields}
    changes, held = ([f"{_quoted(str(fields[name].column))} = %s" for name in names] for names in rows[0])
    statement = f"UPDATE {_quoted(model._meta.db_table)} SET {', '.join(changes)} WHERE {' AND '.join(held)}"
    values = [
        [fields[name].get_db_prep_save(value, connection) for part in row for name, value in part.items()]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
        return int(cursor.rowcount)


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))
