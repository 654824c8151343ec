"""A webhook request becomes a row: the one statement that every delivery waits for."""

from functools import cache

from django.db import connection

from accounts.models import WhatsappInstance
from messaging.models import WebhookEvent

_fields = [field for field in WebhookEvent._meta.concrete_fields if not field.primary_key]


def store_event(instance: WhatsappInstance, body: bytes) -> int:
    """What ``objects.create`` would write; composing the same statement anew takes longer than running it."""
    event = WebhookEvent(instance=instance, body=body)
    values = [field.get_db_prep_save(field.pre_save(event, add=True), connection) for field in _fields]
    with connection.cursor() as cursor:
        cursor.execute(_statement(), values)
        return int(cursor.fetchone()[0])


@cache
def _statement() -> str:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in _fields)
    marks = ", ".join(["%s"] * len(_fields))
    table = quote(WebhookEvent._meta.db_table)
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}) RETURNING {quote('id')}"
