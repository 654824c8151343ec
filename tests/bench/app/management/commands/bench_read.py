"""The floor of reading events: claim a hundred, decode them, insert a row for each, and note that they are done."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

CLAIM = """SELECT id, body FROM messaging_webhookevent WHERE state = 'pending'
    ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED"""


class Command(BaseCommand):
    help = "Read all stored events as barely as can be, beside others that do the same."

    def handle(self, **options: Any) -> None:
        start = time.monotonic()
        while _read():
            pass
        self.stdout.write(json.dumps({"seconds": time.monotonic() - start}))


def _read() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM)
        rows = cursor.fetchall()
        for _, body in rows:
            json.loads(bytes(body))
            cursor.execute("INSERT INTO app_barerow (received_at, body) VALUES (now(), %s)", [bytes(body)])
        cursor.execute(
            "UPDATE messaging_webhookevent SET state = 'processed' WHERE id = ANY(%s)",
            [[pk for pk, _ in rows]],
        )
    return len(rows)
