from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import feed
from accounts.models import Change, WhatsappInstance
from messaging.services import feeding
from messaging.services.feeding import CursorExpired, Page, Wish, drop_old, newest, read
from messaging.services.pruning import everything
from messaging.services.representing import represent
from tests.telling import make_wapi
from tests.tenants import Rows, acme, make_message, make_ready, rival

__all__ = ["acme", "rival"]
pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def tell(line: WhatsappInstance, count: int = 1, *, days_ago: float = 0) -> list[int]:
    at = NOW - timedelta(days=days_ago)
    for pk in range(count):
        feed.tell([feed.change(line, feed.Topic.MESSAGE, pk + 1, feed.Action.UPDATED, at=at)])
    return list(Change.objects.order_by("-pk").values_list("pk", flat=True)[:count])[::-1]


def page(cursor: int, limit: int = 10, wish: Wish | None = None) -> Page:
    return read(Change.objects.all(), cursor, wish or Wish(), limit)


def ids(found: Page) -> list[int]:
    return [change.pk for change in found.changes]


def test_pages_follow_one_another_without_a_gap() -> None:
    told = tell(make_wapi(), 5)
    first = page(told[0], 2)
    second = page(first.cursor, 2)
    assert (ids(first), first.more) == (told[1:3], True)
    assert (ids(second), second.more, second.cursor) == (told[3:], False, told[-1])
    assert page(second.cursor) == Page([], told[-1], more=False)


def test_what_was_not_asked_for_moves_the_cursor_all_the_same() -> None:
    line, other = make_wapi(), make_wapi(instance_id="other")
    before, *_, last = tell(line, 2) + tell(other, 3)
    found = page(before, wish=Wish(instance=line.pk))
    assert (len(found.changes), found.cursor, found.more) == (1, last, False)


def test_types_are_chosen() -> None:
    line = make_wapi()
    (start,) = tell(line)
    for topic in (feed.Topic.MEDIA, feed.Topic.MESSAGE, feed.Topic.MEDIA):
        feed.tell([feed.change(line, topic, 9, feed.Action.CREATED, at=NOW)])
    wish = Wish(types=frozenset({"media.created", "instance.updated"}))
    assert [change.type for change in page(start, wish=wish).changes] == ["media.created"] * 2
    assert [wish.includes(change) for change in page(start).changes] == [True, False, True]


def test_a_cursor_before_what_is_kept_or_behind_the_end_has_expired() -> None:
    told = tell(make_wapi(), 6)
    Change.objects.filter(pk__lte=told[2]).delete()
    assert ids(page(told[2])) == told[3:]
    assert ids(page(0)) == told[3:]
    for cursor in (told[1], told[-1] + 1):
        with pytest.raises(CursorExpired) as caught:
            page(cursor)
        assert caught.value.newest == told[-1]


def test_an_empty_feed_begins_at_nothing() -> None:
    assert newest() == 0
    assert page(0) == Page([], 0, more=False)


def test_old_changes_are_dropped_from_the_front(settings: Settings) -> None:
    line = make_wapi()
    tell(line, 3, days_ago=settings.FEED_DAYS + 1)
    young = tell(line, 1) + tell(line, 1, days_ago=settings.FEED_DAYS + 1) + tell(line, 1)
    assert drop_old(NOW) == 3
    assert list(Change.objects.values_list("pk", flat=True)) == young


def test_the_newest_change_stays_however_old_it_is(settings: Settings) -> None:
    told = tell(make_wapi(), 3, days_ago=settings.FEED_DAYS + 100)
    drop_old(NOW)
    assert drop_old(NOW) == 0
    assert newest() == told[-1]


def test_very_many_are_dropped_in_several_turns(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(feeding, "DROPPED_AT_ONCE", 2)
    tell(make_wapi(), 8, days_ago=settings.FEED_DAYS + 1)
    assert drop_old(NOW) == 7


def test_pruning_drops_old_changes(settings: Settings) -> None:
    tell(make_wapi(), 3, days_ago=settings.FEED_DAYS + 1)
    for _ in everything(NOW):
        pass
    assert Change.objects.count() == 1


def changes_of(rows: Rows, action: feed.Action = feed.Action.UPDATED) -> list[Change]:
    objects = {
        feed.Topic.MESSAGE: rows.message.pk,
        feed.Topic.CONVERSATION: rows.conversation.pk,
        feed.Topic.MEDIA: rows.media_file.pk,
        feed.Topic.INSTANCE: rows.instance.pk,
    }
    found = [feed.change(rows.instance, topic, pk, action, at=NOW) for topic, pk in objects.items()]
    return Change.objects.bulk_create(found)


def test_each_kind_of_object_is_shown_as_it_is_now(acme: Rows) -> None:
    changes = changes_of(acme)
    message, conversation, media_file, instance = represent(changes)
    assert message["object"]["text"] == acme.message.text
    assert conversation["object"]["id"] == conversation["object_id"] == acme.conversation.pk
    assert (media_file["object"]["state"], instance["object"]["name"]) == ("failed", acme.instance.name)
    assert message | {"object": None} == {
        "id": str(changes[0].pk),
        "type": "message.updated",
        "occurred_at": "2026-11-20T12:00:00Z",
        "client": acme.client.pk,
        "instance": acme.instance.pk,
        "object_id": acme.message.pk,
        "object": None,
    }


def test_what_is_gone_is_shown_as_nothing(acme: Rows) -> None:
    missing = feed.change(acme.instance, feed.Topic.MESSAGE, 10**9, feed.Action.UPDATED, at=NOW)
    deleted = changes_of(acme, feed.Action.DELETED)
    assert [shown["object"] for shown in represent([missing, *deleted])] == [None] * 5


def test_what_another_client_has_by_now_is_not_shown(acme: Rows, rival: Rows) -> None:
    changes = changes_of(acme)
    WhatsappInstance.objects.filter(pk=acme.instance.pk).update(client=rival.client)
    assert [shown["object"] for shown in represent(changes)] == [None] * 4


def test_the_number_of_queries_does_not_grow(acme: Rows) -> None:
    counts = []
    changes = changes_of(acme)
    for times in (1, 20):
        for _ in range(times):
            facts = {"text": "x", "media": make_ready(acme.instance), "reply_to_id": "M0"}
            message = make_message(acme.conversation, **facts)
            changes.append(
                feed.change(acme.instance, feed.Topic.MESSAGE, message.pk, feed.Action.CREATED, at=NOW)
            )
        with CaptureQueriesContext(connection) as queries:
            represent(changes)
        counts.append(len(queries))
    assert counts[0] == counts[1] < 20
