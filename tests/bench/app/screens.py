"""Which screens are measured, and for which rows; another one each time where the rows matter."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.urls import reverse

from accounts.models import Client, Membership, User, WhatsappInstance
from accounts.paging import Place
from media.models import MediaFile
from messaging.models import ContactAlias, Conversation, Label, Message

Ask = Callable[[], str]
INBOX = reverse("admin:messaging_conversation_changelist")
MEDIA = reverse("admin:media_mediafile_changelist")
SEARCHES = {
    "a name": "Marina",
    "two letters": "ma",
    "a rare word": "jabuticaba",
    "a word of one in fifty": "consulta",
    "a frequent word": "pedido",
}


@dataclass(slots=True)
class Screens:
    """Of the largest client's lines; ``long`` are its longest threads."""

    chance: random.Random
    client: Client
    long: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        rows = Conversation.objects.filter(instance__client=self.client).annotate(n=Count("messages"))
        self.long = list(rows.order_by("-n").values_list("pk", flat=True)[:100])

    def all(self) -> dict[str, Ask]:
        fixed = {**self._inbox(), **self._media(), **dict(_lists()), **self._trail(), **self._rows()}
        found: dict[str, Ask] = {name: lambda address=address: address for name, address in fixed.items()}
        return found | {
            "thread, newest": self._thread,
            "thread, around a message": self._around,
            "thread, older lines": self._older,
            "thread, its panel": lambda: f"{INBOX}{self._long()}/panel/",
            "gallery, a conversation": lambda: f"{MEDIA}?conversation={self._long()}",
            "one media file": self._media_file,
        }

    def _inbox(self) -> dict[str, str]:
        line = self._line()
        label = Label.objects.filter(client=self.client).order_by("pk")[0]
        number = ContactAlias.objects.filter(client=self.client, kind="phone").order_by("-pk")[0].value
        middle = Conversation.objects.order_by("-last_message_at", "-id")[Conversation.objects.count() // 2]
        filters = {
            "newest": "",
            "a deep page": f"p=older.{Place.of(middle, 'last_message_at')}",
            "unread": "unread=1",
            "mine": "assignee=me",
            "nobody's": "assignee=none",
            "closed": "status__exact=closed",
            "a client": f"instance__client__id__exact={self.client.pk}",
            "a line": f"instance__id__exact={line.pk}",
            "a label": f"label={label.pk}",
            "groups": "kind__exact=group",
            "unread of a line": f"unread=1&instance__id__exact={line.pk}",
            "search, a number": f"q={number[-8:]}",
            **{f"search, {name}": f"q={word}" for name, word in SEARCHES.items()},
            "search, unread": "q=consulta&unread=1",
        }
        return {f"inbox, {name}": f"{INBOX}?{query}" for name, query in filters.items()}

    def _media(self) -> dict[str, str]:
        newest = MediaFile.objects.order_by("-created_at")[0].created_at
        of_client = f"instance__client__id__exact={self.client.pk}"
        filters = {
            "gallery": "",
            "gallery, a client": of_client,
            "gallery, a line": f"instance__id__exact={self._line().pk}",
            "gallery, a kind": "kind__exact=voice",
            "gallery, a month": f"month={newest:%Y-%m}",
            "gallery, all of these": f"{of_client}&kind__exact=image&month={newest:%Y-%m}",
            "ledger": "view=ledger",
            "ledger, a reason": "view=ledger&cause__exact=gone",
            "ledger, a state": "state__exact=failed",
            "ledger, a client": f"view=ledger&{of_client}",
        }
        return {name: f"{MEDIA}?{query}" for name, query in filters.items()}

    def _trail(self) -> dict[str, str]:
        trail, contacts = (
            reverse(f"admin:{name}_changelist") for name in ("accounts_auditentry", "messaging_contact")
        )
        person = Membership.objects.filter(client=self.client).order_by("pk")[0].user_id
        filters = {
            "a client": f"client__id__exact={self.client.pk}",
            "a person": f"person={person}",
            "an action": "act=media",
            "a kind of object": "about=messaging.conversation",
            "today": "when=1",
            "a label": "q=Label 7",
            "a number": "q=77",
        }
        asked = {f"trail, {name}": f"{trail}?{query}" for name, query in filters.items()}
        return asked | {f"contacts, search {name}": f"{contacts}?q={q}" for name, q in SEARCHES.items()}

    def _rows(self) -> dict[str, str]:
        user = Membership.objects.filter(client=self.client).order_by("pk")[0].user
        pages: dict[str, Any] = {"a line": self._line(), "a client": self.client, "a user": user}
        return {
            "overview": reverse("admin:index"),
            "overview, a client": f"{reverse('admin:index')}?client={self.client.pk}",
            "diagnosis": reverse("admin-diagnosis"),
            "new conversation": reverse("admin:messaging_conversation_new"),
            **{name: _change(row) for name, row in pages.items()},
        }

    def _line(self) -> WhatsappInstance:
        return WhatsappInstance.objects.filter(client=self.client).order_by("pk")[0]

    def _long(self) -> int:
        return self.chance.choice(self.long)

    def _thread(self) -> str:
        return f"{INBOX}{self._long()}/change/"

    def _message(self) -> Message:
        rows = Message.objects.filter(conversation=self._long()).order_by("sent_at", "id")
        return rows[self.chance.randrange(rows.count())]

    def _around(self) -> str:
        message = self._message()
        return f"{INBOX}{message.conversation_id}/change/?message={message.pk}"

    def _older(self) -> str:
        message = self._message()
        return f"{INBOX}{message.conversation_id}/lines/?before={Place.of(message, 'sent_at')}"

    def _media_file(self) -> str:
        newest = MediaFile.objects.filter(instance__client=self.client).order_by("-created_at", "-id")
        return _change(newest[self.chance.randrange(100)])


def _change(row: Any) -> str:
    options = row._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[row.pk])


def _lists() -> Iterator[tuple[str, str]]:
    """Every other list that the admin has, and those of them by state."""
    for model in sorted(admin.site._registry, key=lambda model: str(model._meta.label)):
        options = model._meta
        if model in (Conversation, MediaFile):
            continue
        address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
        yield f"list of {options.model_name}", address
        if "state" in admin.site._registry[model].list_filter:
            yield f"list of {options.model_name}, failed", f"{address}?state__exact=failed"


def users(client: Client) -> dict[str, User]:
    root, _ = User.objects.get_or_create(
        username="bench-root", defaults={"is_superuser": True, "is_staff": True}
    )
    manager = Membership.objects.filter(client=client, role="manager").order_by("pk")[0].user
    User.objects.filter(pk=manager.pk).update(is_staff=True)
    return {"an administrator": root, "a client's manager": manager}


def largest_client() -> Client:
    found: Client = Client.objects.order_by("pk")[0]
    return found
