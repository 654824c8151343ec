"""Whoever has its turn to number changes waits for nobody, so that no two wait for each other."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, connections
from django.utils import timezone

from accounts import feed
from accounts.models import Change, WhatsappInstance
from messaging.models import Label
from messaging.services import conversing
from tests.messaging.outgoing import talk_with
from tests.telling import make_wapi

pytestmark = pytest.mark.django_db(transaction=True)

HELD_SECONDS = 0.4


@pytest.fixture(autouse=True)
def postgresql(db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")


def together(first: Callable[[threading.Event], None], second: Callable[[], None]) -> list[DatabaseError]:
    """``second`` begins when ``first`` sets the event; what went wrong in either."""
    begun, troubles = threading.Event(), list[DatabaseError]()

    def run(act: Callable[[], None]) -> None:
        try:
            act()
        except DatabaseError as exc:
            troubles.append(exc)
        connections.close_all()

    def follow() -> None:
        begun.wait(60)
        second()

    threads = [threading.Thread(target=run, args=(act,)) for act in (lambda: first(begun), follow)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return troubles


def changing(row: WhatsappInstance | Label, instance: WhatsappInstance, **facts: str) -> Callable[..., None]:
    """What others' rows refer to is locked for as long as the transaction lasts, and then it tells."""

    def act(begun: threading.Event) -> None:
        with feed.collecting():
            type(row).objects.filter(pk=row.pk).update(**facts)
            begun.set()
            time.sleep(HELD_SECONDS)
            told = feed.change(
                instance, feed.Topic.INSTANCE, instance.pk, feed.Action.UPDATED, at=timezone.now()
            )
            feed.tell([told])

    return act


def test_a_label_may_be_renamed_while_it_is_put_on() -> None:
    instance = make_wapi()
    chat, label = talk_with(instance), Label.objects.create(client=instance.client, name="a")
    put_on = {"labels": [label.pk]}
    act = changing(label, instance, name="b")
    assert together(act, lambda: conversing.alter(chat, put_on, now=timezone.now())) == []
    assert Change.objects.count() == 2


def test_a_line_s_own_key_may_change_while_something_of_it_is_told() -> None:
    instance = make_wapi()
    chat = talk_with(instance)
    act = changing(instance, instance, webhook_key="another")
    assert together(act, lambda: conversing.close(chat, now=timezone.now())) == []
    assert Change.objects.count() == 2
