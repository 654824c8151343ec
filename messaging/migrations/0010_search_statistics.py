"""Lets PostgreSQL know texts well enough to choose how to search them.

For a frequent word it reads the newest messages until it has a page, for a rare one it asks the index of trigrams. From
the usual sample it takes many a rare word for a frequent one, and reads hundreds of thousands of messages.
"""

from django.db import migrations

KNOWN = 1000


def know_texts_better(apps, schema_editor):
    _sample(schema_editor, KNOWN)


def know_them_as_usual(apps, schema_editor):
    _sample(schema_editor, -1)


def _sample(schema_editor, size):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"ALTER INDEX messaging_message_search ALTER COLUMN 1 SET STATISTICS {size}", params=None
        )


class Migration(migrations.Migration):
    dependencies = [("messaging", "0009_newest_messages")]

    operations = [migrations.RunPython(know_texts_better, know_them_as_usual, elidable=False)]
