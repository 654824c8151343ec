"""Bodies that would hold up everybody: too much in one, or more than the database can take."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from structlog.testing import capture_logs

from accounts.models import WhatsappInstance
from messaging.models import StatusChange, WebhookEvent
from messaging.services.processing import MOST_EVENTS
from tests.simulator.world import World
from tests.telling import ANA, WAPI_ID, composer, make_wapi, process, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(db: None) -> WhatsappInstance:
    return make_wapi()


def read_notice(count: int) -> dict[str, Any]:
    ids = [f"M{number}" for number in range(count)]
    chat = {"id": ANA.phone}
    return {"event": "webhookStatus", "instanceId": WAPI_ID, "status": "READ", "chat": chat, "ids": ids}


@contextmanager
def statement_beyond_limits() -> Iterator[None]:
    """New messages meet what the database itself says to a statement that it cannot take."""

    def replace(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and "messaging_message" in sql:
            sql, params = "SELECT 1 WHERE 1 IN (", ()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(replace):
        yield


def test_a_body_with_more_events_than_we_read_fails_at_once(line: WhatsappInstance) -> None:
    event = store(line, read_notice(MOST_EVENTS + 1))
    process()
    event.refresh_from_db()
    assert (event.state, event.lease_token, StatusChange.objects.count()) == ("failed", None, 0)
    assert event.error == f"{MOST_EVENTS + 1} events in one body, more than {MOST_EVENTS}"


def test_a_body_with_as_many_events_as_we_read_is_taken(line: WhatsappInstance) -> None:
    event = store(line, read_notice(MOST_EVENTS))
    process()
    event.refresh_from_db()
    assert (event.state, StatusChange.objects.count()) == ("processed", MOST_EVENTS)


def test_large_bodies_are_not_applied_in_one_transaction(line: WhatsappInstance) -> None:
    for _ in range(2):
        store(line, read_notice(MOST_EVENTS))
    with capture_logs() as logs:
        process()
    first, *later = [entry["event"] for entry in logs]
    assert (first, later) == ("batch taken apart", ["webhook events processed"] * 2)
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"processed"}


def test_an_event_that_the_database_can_never_take_does_not_come_back(
    line: WhatsappInstance, world: World
) -> None:
    store(line, composer(world, line).text(ANA, "olá"))
    with statement_beyond_limits():
        process()
    event = WebhookEvent.objects.get()
    assert (event.state, event.lease_token) == ("failed", None)
    assert "Traceback" in event.error
