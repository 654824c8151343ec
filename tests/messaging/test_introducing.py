"""Many new contacts at once, made ahead of what they said."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from accounts.models import Client, WhatsappInstance
from messaging.models import Contact, Message
from messaging.services.processing import MANY_EVENTS
from messaging.services.tombstones import bury_names
from tests.simulator.world import Person, World
from tests.telling import ANA, composer, make_wapi, process, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(db: None) -> WhatsappInstance:
    return make_wapi()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_batch_that_brings_new_contacts_keeps_nobody_waiting(line: WhatsappInstance, world: World) -> None:
    talk, free = composer(world, line), []
    for number in range(MANY_EVENTS):
        store(line, talk.text(Person("", f"55119{number:08d}"), "oi", message_id=f"M{number}"))

    def another_worker() -> None:
        try:
            with transaction.atomic():
                free.append(Client.objects.select_for_update(no_key=True, nowait=True).get())
        except OperationalError:
            free.append(None)
        connections.close_all()

    def look(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "messaging_message"'):
            thread = threading.Thread(target=another_worker)
            thread.start()
            thread.join(60)
        return execute(sql, *rest)

    with connection.execute_wrapper(look):
        process()
    assert (free, Contact.objects.count()) == ([line.client], MANY_EVENTS)


def test_who_was_erased_is_not_met_again_by_many_old_events(line: WhatsappInstance, world: World) -> None:
    bury_names(line.client_id, [("phone", ANA.phone)], until=timezone.now() + timedelta(days=1))
    talk = composer(world, line)
    for number in range(MANY_EVENTS):
        store(line, talk.text(ANA, "oi", message_id=f"M{number}"))
    process()
    assert (Contact.objects.count(), Message.objects.count()) == (0, 0)
