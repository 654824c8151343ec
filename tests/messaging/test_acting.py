from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Change, User, WhatsappInstance
from messaging.models import Conversation, OutboxItem
from messaging.services import sending
from messaging.services.sending import NotSendable
from tests.messaging.outgoing import said_by_them, said_by_us, talk_with, the_item
from tests.telling import make_cloud, make_wapi

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(instance: WhatsappInstance) -> Conversation:
    return talk_with(instance)


def now() -> Any:
    return timezone.now()


def refused(act: Any) -> str:
    with pytest.raises(NotSendable) as found:
        act()
    assert not OutboxItem.objects.exists()
    return found.value.code


def test_a_reaction_waits_for_the_worker(chat: Conversation) -> None:
    somebody, message = User.objects.create(username="alice"), said_by_them(chat)
    item = sending.react(message, "👍", by=somebody, now=now())
    assert (item.action, item.state, item.content) == ("reaction", "pending", {"emoji": "👍"})
    assert (item.message, item.created_by) == (message, somebody)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"provider_message_id": None}, "not_sent_yet"),
        ({"revoked_at": timezone.now()}, "too_late"),
    ],
    ids=["not sent", "deleted"],
)
def test_what_is_not_there_cannot_be_acted_on(facts: dict[str, Any], code: str) -> None:
    message = said_by_us(talk_with(make_wapi()), **facts)
    assert refused(lambda: sending.react(message, "👍", by=None, now=now())) == code
    assert refused(lambda: sending.edit(message, "novo", by=None, now=now())) == code
    assert refused(lambda: sending.delete(message, by=None, now=now())) == code


def test_a_reaction_is_short(chat: Conversation) -> None:
    message = said_by_them(chat)
    assert refused(lambda: sending.react(message, "x" * 65, by=None, now=now())) == "too_long"


def test_a_line_that_is_off_does_nothing(chat: Conversation) -> None:
    chat.instance.is_active = False
    message = said_by_us(chat)
    assert refused(lambda: sending.react(message, "👍", by=None, now=now())) == "line_off"


def test_only_what_is_ours_is_changed_or_deleted() -> None:
    message = said_by_them(talk_with(make_wapi()))
    assert refused(lambda: sending.edit(message, "novo", by=None, now=now())) == "not_ours"
    assert refused(lambda: sending.delete(message, by=None, now=now())) == "not_ours"


def test_meta_changes_and_deletes_nothing() -> None:
    message = said_by_us(talk_with(make_cloud()))
    assert refused(lambda: sending.edit(message, "novo", by=None, now=now())) == "unsupported"
    assert refused(lambda: sending.delete(message, by=None, now=now())) == "unsupported"


@pytest.mark.parametrize(("text", "code"), [("", "empty"), ("x" * 65537, "too_long")], ids=["empty", "long"])
def test_a_new_text_is_checked_like_a_first_one(text: str, code: str) -> None:
    message = said_by_us(talk_with(make_wapi()))
    assert refused(lambda: sending.edit(message, text, by=None, now=now())) == code


def test_only_texts_are_changed() -> None:
    message = said_by_us(talk_with(make_wapi()), type="image")
    assert refused(lambda: sending.edit(message, "novo", by=None, now=now())) == "wrong_type"


def test_there_is_a_time_for_changes_and_a_longer_one_for_deletions() -> None:
    chat = talk_with(make_wapi())
    message = said_by_us(chat, sent_at=now() - timedelta(minutes=16))
    assert refused(lambda: sending.edit(message, "novo", by=None, now=now())) == "too_late"
    old = said_by_us(chat, sent_at=now() - timedelta(hours=61))
    assert refused(lambda: sending.delete(old, by=None, now=now())) == "too_late"
    assert sending.delete(message, by=None, now=now()).action == "delete"


def test_reading_receipts_the_newest_message_once(chat: Conversation) -> None:
    said_by_them(chat, sent_at=now() - timedelta(minutes=1))
    newest = said_by_them(chat)
    said_by_us(chat)
    Conversation.objects.update(unread_count=2)
    chat.refresh_from_db()
    for _ in range(2):
        sending.mark_read(chat, by=None, now=now())
    assert (chat.unread_count, the_item().message, the_item().action) == (0, newest, "read")
    assert [row.type for row in Change.objects.all()] == ["conversation.updated"]


def test_what_came_while_somebody_read_stays_unread(chat: Conversation) -> None:
    Conversation.objects.update(unread_count=2)
    chat.refresh_from_db()
    Conversation.objects.update(unread_count=3)
    sending.mark_read(chat, by=None, now=now())
    assert chat.unread_count == 1


def test_what_somebody_else_has_read_is_not_counted_twice(chat: Conversation) -> None:
    Conversation.objects.update(unread_count=2)
    chat.refresh_from_db()
    Conversation.objects.update(unread_count=1)
    sending.mark_read(chat, by=None, now=now())
    assert chat.unread_count == 1


def test_a_receipt_that_was_given_up_is_asked_for_again(chat: Conversation) -> None:
    said_by_them(chat)
    sending.mark_read(chat, by=None, now=now())
    OutboxItem.objects.update(state="failed")
    sending.mark_read(chat, by=None, now=now())
    assert sorted(OutboxItem.objects.values_list("state", flat=True)) == ["failed", "pending"]


def test_nothing_is_receipted_where_there_is_nothing_or_nobody(chat: Conversation) -> None:
    sending.mark_read(chat, by=None, now=now())
    said_by_them(chat)
    chat.instance.is_active = False
    sending.mark_read(chat, by=None, now=now())
    assert not OutboxItem.objects.exists()
