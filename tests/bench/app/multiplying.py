"""Copies of a seeded inbox beside it, by PostgreSQL itself: ten million messages in minutes instead of half an hour."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Max, Model
from psycopg.sql import SQL, Composable, Identifier, Literal

from media.models import FetchAttempt, MediaFile, Rendition
from messaging.models import Contact, ContactAlias, Conversation, Message, Note, Reaction, StatusChange

LATER = "{column} - {copy} * interval '7 seconds'"
OTHER = "{column} || '~' || {copy}"


@dataclass(frozen=True, slots=True)
class Table:
    """``keys`` lead to tables that are copied too; ``changed`` are columns that have to differ, or better do."""

    model: type[Model]
    keys: dict[str, type[Model]] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)


TABLES = (
    Table(Contact),
    Table(ContactAlias, {"contact_id": Contact}, {"value": OTHER}),
    Table(Conversation, {"contact_id": Contact}, {"chat_id": OTHER, "last_message_at": LATER}),
    Table(MediaFile, changed={"created_at": LATER}),
    Table(
        Message,
        {"conversation_id": Conversation, "sender_id": Contact, "media_id": MediaFile},
        {"sent_at": LATER, "provider_message_id": OTHER},
    ),
    Table(Reaction, {"message_id": Message, "actor_id": Contact}),
    Table(StatusChange, {"message_id": Message}, {"provider_message_id": OTHER}),
    Table(Note, {"conversation_id": Conversation}),
    Table(Rendition, {"media_file_id": MediaFile}),
    Table(FetchAttempt, {"media_file_id": MediaFile}),
)


def multiply(copies: int) -> Iterator[str]:
    """Yields the name of each table that is done."""
    last = {table.model: _last_id(table.model) for table in TABLES}
    _run(SQL("SET session_replication_role = replica"))
    for table in TABLES:
        with _without_indexes(table.model._meta.db_table):
            for copy in range(1, copies + 1):
                _run(_insert(table, copy, last))
        _run(
            SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), {})").format(
                Literal(table.model._meta.db_table), Literal(max(1, _last_id(table.model)))
            )
        )
        yield table.model._meta.db_table
    _run(SQL("SET session_replication_role = DEFAULT"))
    # What a migration set for the index went with it.
    _run(SQL("ALTER INDEX messaging_message_search ALTER COLUMN 1 SET STATISTICS 1000"))
    _run(SQL("VACUUM ANALYZE"))


def _last_id(model: type[Model]) -> int:
    found: int = model._base_manager.aggregate(last=Max("pk"))["last"] or 0
    return found


def _insert(table: Table, copy: int, last: dict[type[Model], int]) -> Composable:
    shifts = {"id": last[table.model]} | {key: last[model] for key, model in table.keys.items()}
    columns = [column.column for column in table.model._meta.concrete_fields]
    values = [_value(column, table, shifts.get(column), copy) for column in columns]
    return SQL("INSERT INTO {name} ({columns}) SELECT {values} FROM {name} WHERE id <= {last}").format(
        name=Identifier(table.model._meta.db_table),
        columns=SQL(", ").join(map(Identifier, columns)),
        values=SQL(", ").join(values),
        last=Literal(last[table.model]),
    )


def _value(column: str, table: Table, shift: int | None, copy: int) -> Composable:
    name = Identifier(column)
    if shift is not None:
        return SQL("{} + {}").format(name, Literal(shift * copy))
    return SQL(table.changed.get(column, "{column}")).format(column=name, copy=Literal(copy))


@contextmanager
def _without_indexes(table: str) -> Iterator[None]:
    """Built once over all rows, they cost a fraction of what each row would."""
    found = _rows(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = %s::regclass AND NOT indisunique",
        table,
    )
    for name, _ in found:
        _run(SQL("DROP INDEX {}").format(Identifier(name.strip('"'))))
    yield
    _run(SQL("SET maintenance_work_mem = '2GB'"))
    for _, definition in found:
        _run(SQL(definition))


def _rows(statement: str, *parameters: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def _run(statement: Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
