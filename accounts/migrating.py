"""Migrations of tables that may hold millions of rows, while the system runs."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.operations import AddIndex, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

HALF_BUILT = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"


class AddIndexMeanwhile(AddIndexConcurrently):
    """On PostgreSQL writers go on; the migration has to say ``atomic = False``. SQLite knows one way only."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        _drop_half_built(schema_editor, self.index.name)
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)
            return
        super().database_backwards(app_label, schema_editor, from_state, to_state)


class OnlyInPython(SeparateDatabaseAndState):
    """Names, help and choices, which no database knows: all of them at once.

    Each alone would build the classes of all related models anew, which for hundreds takes seconds of every upgrade.
    """

    def __init__(self, operations: list[Operation]) -> None:
        super().__init__(state_operations=operations)

    def deconstruct(self) -> Any:
        return type(self).__name__, [self.state_operations], {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        vars(state).pop("apps", None)
        super().state_forwards(app_label, state)


def _drop_half_built(schema_editor: Any, name: str) -> None:
    """One that was interrupted leaves an index that nobody uses and that bars its own name."""
    quoted = schema_editor.quote_name(name)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(HALF_BUILT, [quoted])
        if cursor.fetchone():
            cursor.execute(f"DROP INDEX CONCURRENTLY {quoted}")
