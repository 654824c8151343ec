"""Which pages are measured, and the bare statement that reads the same rows."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count

from accounts.models import Change, Client, Membership
from accounts.paging import Place
from messaging.models import Conversation, Label, Message

SIZE = 50
OF_CLIENT = (
    "SELECT c.* FROM messaging_conversation c JOIN accounts_whatsappinstance i ON i.id = c.instance_id "
    "WHERE i.client_id = %s AND {where} ORDER BY c.last_message_at DESC, c.id DESC LIMIT 51"
)
IN_THREAD = (
    "SELECT * FROM messaging_message "
    "WHERE conversation_id = %s AND {where} ORDER BY sent_at DESC, id DESC LIMIT 51"
)
SEARCH = (
    "SELECT m.* FROM messaging_message m JOIN messaging_conversation c ON c.id = m.conversation_id "
    "JOIN accounts_whatsappinstance i ON i.id = c.instance_id "
    "WHERE i.client_id = %s AND {text} ORDER BY m.sent_at DESC, m.id DESC LIMIT 51"
)
MEDIA = (
    "SELECT f.* FROM media_mediafile f JOIN accounts_whatsappinstance i ON i.id = f.instance_id "
    "WHERE i.client_id = %s AND {where} ORDER BY f.created_at DESC, f.id DESC LIMIT 51"
)
LABELLED = "c.id IN (SELECT conversation_id FROM messaging_conversation_labels WHERE label_id = %s)"
CHANGES = "SELECT * FROM accounts_change WHERE client_id = %s AND id > %s ORDER BY id LIMIT 50"
CONTAINING = {
    "postgresql": "UPPER(m.text) LIKE UPPER('%%' || %s || '%%')",
    "sqlite": "m.id IN (SELECT rowid FROM messaging_message_search WHERE messaging_message_search MATCH %s)",
}

Question = tuple[str, str, list[Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """``ask`` gives an address below /api/v1/, and the statement with its parameters; a new one each time."""

    name: str
    ask: Callable[[], Question]


@dataclass(slots=True)
class Inbox:
    client: Client
    chance: random.Random

    def pages(self) -> list[Page]:
        who = Membership.objects.filter(client=self.client, role="operator").order_by("pk")[0].user_id
        label = Label.objects.filter(client=self.client).order_by("pk")[0].pk
        return [
            self._conversations("conversations, first page", "", "TRUE"),
            Page("conversations, deep page", self._deep_list),
            self._conversations("conversations, unread", "unread=true", "c.unread_count > 0"),
            self._conversations("conversations, closed", "status=closed", "c.status = %s", "closed"),
            self._conversations("conversations, of one person", f"assigned_to={who}", "c.assigned_to_id = %s", who),
            self._conversations("conversations, with a label", f"label={label}", LABELLED, label),
            self._conversations("conversations, by a name", "q=Marina", "UPPER(c.title) LIKE '%%MARINA%%'"),
            Page("thread, newest page", self._thread),
            Page("thread, around a message", self._around),
            Page("thread, deep page", self._deep_thread),
            self._search("search, a rare word", "jabuticaba"),
            self._search("search, words of one in fifty", "consulta"),
            self._search("search, a frequent word", "pedido"),
            self._media("media, first page", "", "TRUE"),
            self._media("media, failed", "state=failed", "f.state = 'failed'"),
            self._media("media, of one kind", "kind=audio", "f.kind = 'audio'"),
            Page("changes", self._changes),
        ]  # fmt: skip

    def _conversations(self, name: str, filters: str, where: str, *facts: Any) -> Page:
        statement = OF_CLIENT.format(where=where)
        return Page(name, lambda: (f"conversations/?{filters}", statement, [self.client.pk, *facts]))

    def _search(self, name: str, word: str) -> Page:
        statement = SEARCH.format(text=CONTAINING[connection.vendor])
        return Page(name, lambda: (f"messages/?q={word}", statement, [self.client.pk, word]))

    def _media(self, name: str, filters: str, where: str) -> Page:
        statement = MEDIA.format(where=where)
        return Page(name, lambda: (f"media/?{filters}", statement, [self.client.pk]))

    def _deep_list(self) -> Question:
        rows = Conversation.objects.filter(instance__client=self.client).order_by("-last_message_at", "-id")
        row = rows[rows.count() // 2 + self.chance.randrange(100)]
        where = OF_CLIENT.format(where="(c.last_message_at, c.id) < (%s, %s)")
        cursor = f"older.{Place.of(row, 'last_message_at')}"
        return f"conversations/?cursor={cursor}", where, [self.client.pk, row.last_message_at, row.pk]

    def _thread(self) -> Question:
        pk = self._long_thread()
        return f"conversations/{pk}/messages/", IN_THREAD.format(where="TRUE"), [pk]

    def _around(self) -> Question:
        message = self._message()
        where = IN_THREAD.format(where="sent_at <= %s")
        pk = message.conversation_id
        return f"conversations/{pk}/messages/?around={message.pk}", where, [pk, message.sent_at]

    def _deep_thread(self) -> Question:
        message = self._message()
        cursor = f"older.{Place.of(message, 'sent_at')}"
        where = IN_THREAD.format(where="(sent_at, id) < (%s, %s)")
        facts: list[int | datetime] = [message.conversation_id, message.sent_at, message.pk]
        return f"conversations/{message.conversation_id}/messages/?cursor={cursor}", where, facts

    def _changes(self) -> Question:
        newest = Change.objects.filter(client=self.client).order_by("-pk").values_list("pk", flat=True)
        after = self.chance.choice(list(newest[200:2000:50]) or [0])
        return f"changes/?after={after}", CHANGES, [self.client.pk, after]

    def _long_thread(self) -> int:
        rows = Conversation.objects.filter(instance__client=self.client).annotate(n=Count("messages"))
        found: int = self.chance.choice(list(rows.order_by("-n").values_list("pk", flat=True)[:200]))
        return found

    def _message(self) -> Message:
        rows = Message.objects.filter(conversation=self._long_thread()).order_by("sent_at", "id")
        return rows[self.chance.randrange(rows.count())]
