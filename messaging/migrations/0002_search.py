"""Indexes for searching names and texts by any part of a word: trigrams, with the means of either database.

PostgreSQL: pg_trgm over UPPER(column), which is what Django's ``icontains`` compares.
SQLite: an FTS5 table for each column that stores no text of its own and is kept up to date by triggers. A later
migration that makes Django rebuild one of these tables on SQLite drops its triggers and has to create them again.
"""

from django.core.management.base import CommandError
from django.db import DatabaseError, migrations, transaction

SEARCHED = (
    ("messaging_message", "text"),
    ("messaging_contact", "name"),
    ("messaging_contactalias", "value"),
    ("messaging_conversation", "title"),
)

FTS = (
    """CREATE VIRTUAL TABLE {table}_search USING fts5(
        {column}, content='{table}', content_rowid='id', tokenize='trigram', columnsize=0)""",
    "INSERT INTO {table}_search (rowid, {column}) SELECT id, {column} FROM {table} WHERE {column} <> ''",
    """CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} WHEN new.{column} <> '' BEGIN
        INSERT INTO {table}_search (rowid, {column}) VALUES (new.id, new.{column});
    END""",
    """CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} WHEN old.{column} <> '' BEGIN
        INSERT INTO {table}_search ({table}_search, rowid, {column}) VALUES ('delete', old.id, old.{column});
    END""",
    """CREATE TRIGGER {table}_search_change AFTER UPDATE OF {column} ON {table}
    WHEN old.{column} IS NOT new.{column} BEGIN
        INSERT INTO {table}_search ({table}_search, rowid, {column})
            SELECT 'delete', old.id, old.{column} WHERE old.{column} <> '';
        INSERT INTO {table}_search (rowid, {column}) SELECT new.id, new.{column} WHERE new.{column} <> '';
    END""",
)
NO_FTS = (
    "DROP TRIGGER {table}_search_insert",
    "DROP TRIGGER {table}_search_delete",
    "DROP TRIGGER {table}_search_change",
    "DROP TABLE {table}_search",
)
GIN = ('CREATE INDEX {table}_search ON {table} USING gin (UPPER("{column}") gin_trgm_ops)',)
NO_GIN = ("DROP INDEX {table}_search",)

ADVICE = (
    "Search needs PostgreSQL's extension pg_trgm, and the database role of DATABASE_URL cannot create it: {error}. "
    "Let an administrator of the server run `CREATE EXTENSION pg_trgm` in the database {database} (where the extension "
    "is not there at all, install the package postgresql-contrib first), then run `manage.py migrate` again."
)


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        _create_extension(schema_editor.connection)
        _run(schema_editor, GIN)
    else:
        _run(schema_editor, FTS)


def drop(apps, schema_editor):
    # The extension stays: others may use it.
    _run(schema_editor, NO_GIN if schema_editor.connection.vendor == "postgresql" else NO_FTS)


def _create_extension(connection):
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as exc:
        reason = str(exc).splitlines()[0].strip()
        advice = ADVICE.format(error=reason, database=connection.settings_dict["NAME"])
        raise CommandError(advice) from exc


def _run(schema_editor, statements):
    for table, column in SEARCHED:
        for statement in statements:
            schema_editor.execute(statement.format(table=table, column=column), params=None)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]

    operations = [migrations.RunPython(create, drop, elidable=False)]
