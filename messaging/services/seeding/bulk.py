"""Many rows at once, under ids known before: COPY where the database has it."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection
from django.db.models import Max, Model
from psycopg.sql import SQL, Identifier

BATCH = 1000


def make_room() -> None:
    """SQLite's own cache is so small that it would write the same pages of its indexes again and again."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -400000")


def reserve(model: type[Model], count: int) -> Iterator[int]:
    """Ids for ``count`` new rows. Should another process take one of them meanwhile, the transaction fails whole."""
    if connection.vendor != "postgresql":
        first = (model._default_manager.aggregate(last=Max("pk"))["last"] or 0) + 1
        return iter(range(first, first + count))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [model._meta.db_table])
        first = cursor.fetchone()[0]
        last = max(first, first + count - 1)
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, last])
    return iter(range(first, first + count))


def write(rows: Iterable[Any]) -> None:
    """Rows of one model."""
    found = list(rows)
    if not found:
        return
    if connection.vendor == "postgresql":
        _copy(found)
    else:
        type(found[0])._base_manager.bulk_create(found, batch_size=BATCH)


def _copy(rows: list[Any]) -> None:
    fields = [field for field in rows[0]._meta.concrete_fields if rows[0].pk or not field.primary_key]
    columns = SQL(", ").join(Identifier(field.column) for field in fields)
    statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(rows[0]._meta.db_table), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(
                [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
            )


def analyze() -> None:
    """What the planner knows of the tables is from before; both databases choose indexes by it."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
