"""What a hub that took so many messages has beside them: webhooks in and out, sends, and what people did."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from accounts.models import Client, User, WhatsappInstance
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

ENTRIES = """
INSERT INTO accounts_auditentry
    (at, user_id, client_id, instance_id, username, token_hint, action, object_type, object_id, object_label, facts,
     via, address)
SELECT now() - ((%(rows)s - n) * interval '20 seconds'), (%(users)s)[1 + n %% %(people)s],
       (%(clients)s)[1 + n %% 2], (%(lines)s)[1 + n %% %(count)s], 'somebody', '',
       CASE n %% 4 WHEN 0 THEN 'message.sent' WHEN 1 THEN 'media.opened' ELSE 'conversation.opened' END,
       CASE n %% 4 WHEN 0 THEN 'messaging.message' WHEN 1 THEN 'media.mediafile' ELSE 'messaging.conversation' END,
       1 + n %% 1000, CASE n %% 100 WHEN 0 THEN 'Label ' || n ELSE '' END, '{}', 'web', '192.0.2.1'
FROM generate_series(1, %(rows)s) n"""
EXPORTS = """
INSERT INTO messaging_export
    (client_id, scope, state, error, cursor, part_sizes, part_marks, messages, messages_total, files, absent, size,
     created_at, attempts, next_attempt_at)
SELECT (%(clients)s)[1 + n %% 2], 'client', CASE n %% 50 WHEN 0 THEN 'failed' ELSE 'gone' END, '', '{}', '[]', '[]',
       n, n, 0, 0, n, now() - (n * interval '1 hour'), 1, now()
FROM generate_series(1, %(rows)s) n"""
RECEIPTS = """
INSERT INTO messaging_purgereceipt
    (client_id, cause, rule, started_at, finished_at, counts, bytes, digest, seal, cursor)
SELECT (%(clients)s)[1 + n %% 2], 'retention', 'messages', now() - (n * interval '1 hour'), now(), '{"messages": 3}',
       n, '', '', '{}'
FROM generate_series(1, %(rows)s) n"""
HOLDS = """
INSERT INTO messaging_legalhold (client_id, reason, placed_at, released_at)
SELECT (%(clients)s)[1 + n %% 2], 'Case ' || n, now() - (n * interval '1 day'), now()
FROM generate_series(1, %(rows)s) n"""
GAPS = """
INSERT INTO messaging_gap (instance_id, started_at, ended_at, why, expected, noticed_at, taken_in, answer)
SELECT (%(lines)s)[1 + n %% %(count)s], now() - (n * interval '6 hours'), now() - (n * interval '5 hours'), 'silent',
       9, now(), 3, ''
FROM generate_series(1, %(rows)s) n"""
LOGINS = """
INSERT INTO axes_accessattempt
    (user_agent, ip_address, username, http_accept, path_info, attempt_time, get_data, post_data, failures_since_start)
SELECT 'x', '192.0.2.1', 'user' || n, '', '/admin/login/', now() - (n * interval '1 minute'), '', '', 3
FROM generate_series(1, %(rows)s) n"""
# One for so many messages.
CROWD = {ENTRIES: 2, LOGINS: 100, EXPORTS: 200, RECEIPTS: 200, HOLDS: 2000, GAPS: 200}


class Command(BaseCommand):
    help = "Put webhooks, sends and what people did beside the messages; PostgreSQL only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("messages", type=int)

    def handle(self, *, messages: int, **options: Any) -> None:
        lines = list(WhatsappInstance.objects.order_by("pk").values_list("pk", flat=True))
        client = Client.objects.order_by("pk")[0]
        facts = {"lines": lines, "count": len(lines), **_owners()}
        endpoint = WebhookEndpoint.objects.create(client=client, name="Bench", url="http://127.0.0.1:9/")
        with connection.cursor() as cursor:
            cursor.execute(EVENTS, facts | {"rows": messages})
            cursor.execute(DELIVERIES, {"endpoint": endpoint.pk, "rows": messages // 2})
            cursor.execute(SENDS)
            for statement, share in CROWD.items():
                cursor.execute(statement, facts | {"rows": messages // share})
            cursor.execute("ANALYZE")


def _owners() -> dict[str, Any]:
    """Half of what is not of a line is the largest client's."""
    clients = list(Client.objects.order_by("pk").values_list("pk", flat=True)[:2])
    users = list(User.objects.order_by("pk").values_list("pk", flat=True))
    return {"clients": [clients[0], clients[-1]], "users": users, "people": len(users)}
