import random
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts import feed
from accounts.models import Change, WhatsappInstance
from accounts.services import note_connection, raise_alarm
from tests.telling import make_wapi

WRITERS, EACH = 4, 40


@pytest.fixture
def line(db: None) -> WhatsappInstance:
    return make_wapi()


def told(line: WhatsappInstance, pk: int, action: feed.Action = feed.Action.UPDATED) -> Change:
    return feed.change(line, feed.Topic.MESSAGE, pk, action, at=timezone.now())


def rows() -> list[tuple[str, int]]:
    return [(change.type, change.object_id) for change in Change.objects.all()]


def test_an_object_is_told_once_as_created_if_it_was(line: WhatsappInstance) -> None:
    feed.tell([told(line, 1, feed.Action.CREATED), told(line, 2), told(line, 1), told(line, 2)])
    assert rows() == [("message.created", 1), ("message.updated", 2)]


def test_what_was_made_and_deleted_at_once_is_told_as_deleted(line: WhatsappInstance) -> None:
    feed.tell([told(line, 1, feed.Action.CREATED), told(line, 1, feed.Action.DELETED)])
    assert rows() == [("message.deleted", 1)]


def test_what_parts_tell_is_written_as_the_last_statement(line: WhatsappInstance) -> None:
    with feed.collecting():
        raise_alarm(line, "no answer", now=timezone.now())
        with feed.collecting():
            feed.tell([told(line, 7)])
        assert rows() == []
    assert rows() == [("instance.updated", line.pk), ("message.updated", 7)]


def test_what_is_undone_is_not_told(line: WhatsappInstance) -> None:
    with pytest.raises(ZeroDivisionError), feed.collecting():
        feed.tell([told(line, 7)])
        raise ZeroDivisionError
    feed.tell([told(line, 8)])
    assert rows() == [("message.updated", 8)]


def test_a_connection_is_told_when_it_is_news(line: WhatsappInstance) -> None:
    at = timezone.now()
    assert [note_connection(line, connected=True, at=at) for _ in range(2)] == [True, False]
    raise_alarm(line, "no answer", now=at)
    raise_alarm(line, "no answer", now=at)
    assert rows() == [("instance.updated", line.pk)] * 2


@pytest.mark.django_db(transaction=True)
def test_a_reader_misses_nothing_of_writers_that_commit_in_any_order() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    line = make_wapi()
    writers = [threading.Thread(target=write, args=(line, number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    seen = list(follow(lambda: any(writer.is_alive() for writer in writers)))
    for writer in writers:
        writer.join()
    assert sorted(seen) == sorted(range(WRITERS * EACH * 2))


def write(line: WhatsappInstance, number: int) -> None:
    """Some time passes before a transaction tells, and some begin before others and end after them."""
    dice = random.Random(number)
    for turn in range(EACH):
        first = (number * EACH + turn) * 2
        with transaction.atomic():
            WhatsappInstance.objects.filter(pk=-1).update(name="")
            time.sleep(dice.uniform(0, 0.004))
            feed.tell([told(line, first), told(line, first + 1)])
    connections.close_all()


def follow(going_on: Callable[[], bool]) -> Iterator[int]:
    """Never looks back behind the highest id that it has seen."""
    cursor, last_look = 0, False
    while not last_look:
        last_look = not going_on()
        for change in Change.objects.filter(pk__gt=cursor).order_by("pk"):
            cursor = change.pk
            yield change.object_id
