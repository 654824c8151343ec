"""What happens while a page is open, as the worker would write it."""

from pathlib import Path
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page

from accounts import feed
from media.models import MediaFile
from messaging.models import Conversation, Message
from tests.tenants import Rows, make_message, make_ready

SAMPLES = Path(__file__).parent.parent / "simulator" / "samples"
INBOX = "/admin/messaging/conversation/"


def thread(rows: Rows) -> str:
    return f"{INBOX}{rows.conversation.pk}/change/"


def tell(rows: Rows, topic: Any, pk: int, action: Any = feed.Action.UPDATED) -> None:
    feed.tell([feed.change(rows.instance, topic, pk, action, at=timezone.now())])


def arrive(rows: Rows, text: str, **facts: Any) -> Message:
    message = make_message(rows.conversation, text=text, **facts)
    now = message.sent_at
    Conversation.objects.filter(pk=rows.conversation.pk).update(unread_count=1, last_message_at=now)
    tell(rows, feed.Topic.MESSAGE, message.pk, feed.Action.CREATED)
    tell(rows, feed.Topic.CONVERSATION, rows.conversation.pk)
    return message


def sample(rows: Rows, name: str, **facts: Any) -> MediaFile:
    return make_ready(rows.instance, (SAMPLES / name).read_bytes(), filename=name, **facts)


def sent(rows: Rows) -> Any:
    return rows.conversation.messages.filter(direction="outbound")


def until(page: Page, words: str) -> None:
    """Asked from outside: what waits inside the page compiles its words there, which the page's policy forbids."""
    for _ in range(1200):
        if page.evaluate(words):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not in a minute: {words}")
