"""What a hub that took so many messages has beside them: the webhooks in and out, and the sends."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from accounts.models import Client, WhatsappInstance
from messaging.models import WebhookEndpoint

# Of a thousand, one failed and one waits.
STATE = "CASE n % 1000 WHEN 0 THEN 'failed' WHEN 1 THEN 'pending' ELSE '{done}' END"
EVENTS = f"""
INSERT INTO messaging_webhookevent
    (instance_id, received_at, body, state, error, attempts, next_attempt_at, processed_at)
SELECT (%(lines)s)[1 + n %% %(count)s], now() - ((%(rows)s - n) * interval '10 seconds'), '{{"event": "x"}}',
       {STATE.format(done="processed").replace("%", "%%")}, '', 1, now() + interval '1 day', now()
FROM generate_series(1, %(rows)s) n"""
DELIVERIES = f"""
INSERT INTO messaging_webhookdelivery
    (endpoint_id, change_id, event_id, event_type, body, state, error, created_at, attempts, next_attempt_at)
SELECT %(endpoint)s, n, gen_random_uuid(), 'message.created', '{{}}',
       {STATE.format(done="delivered").replace("%", "%%")}, '', now() - ((%(rows)s - n) * interval '20 seconds'), 1,
       now() + interval '1 day'
FROM generate_series(1, %(rows)s) n"""
SENDS = """
INSERT INTO messaging_outboxitem
    (instance_id, conversation_id, message_id, action, content, state, error, doubt, tag, fingerprint, created_at,
     settled_at, attempts, next_attempt_at)
SELECT c.instance_id, c.id, m.id, 'message', '{}', CASE WHEN m.id % 500 = 0 THEN 'failed' ELSE 'sent' END, '', '',
       gen_random_uuid(), '', m.sent_at, m.sent_at, 1, m.sent_at
FROM messaging_message m JOIN messaging_conversation c ON c.id = m.conversation_id
WHERE m.direction = 'outbound' AND NOT EXISTS (SELECT 1 FROM messaging_outboxitem o WHERE o.message_id = m.id)
ORDER BY m.sent_at"""


class Command(BaseCommand):
    help = "Put webhook events, deliveries and sends beside the messages; PostgreSQL only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("messages", type=int)

    def handle(self, *, messages: int, **options: Any) -> None:
        lines = list(WhatsappInstance.objects.order_by("pk").values_list("pk", flat=True))
        client = Client.objects.order_by("pk")[0]
        endpoint = WebhookEndpoint.objects.create(client=client, name="Bench", url="http://127.0.0.1:9/")
        with connection.cursor() as cursor:
            cursor.execute(EVENTS, {"lines": lines, "count": len(lines), "rows": messages})
            cursor.execute(DELIVERIES, {"endpoint": endpoint.pk, "rows": messages // 2})
            cursor.execute(SENDS)
            cursor.execute("ANALYZE")
