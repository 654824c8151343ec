"""What is counted where messages and files come in, and what an upgrade counts of older ones."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import Usage
from tests.telling import make_wapi, replay

Then = Callable[[str], Any]


def used() -> list[tuple[Any, ...]]:
    return list(
        Usage.objects.order_by("month", "kind").values_list("kind", "inbound", "outbound", "files", "bytes")
    )


@pytest.mark.django_db
def test_a_message_is_counted_once_however_often_it_is_told() -> None:
    line = make_wapi()
    for _ in range(2):
        replay(line, "01-", "02-", "14-")
    assert used() == [("image", 1, 0, 0, 0), ("text", 1, 1, 0, 0)]


@pytest.fixture
def migrate(transactional_db: None) -> Iterator[Then]:
    def to(name: str) -> Any:
        executor = MigrationExecutor(connection)
        return executor.migrate([("messaging", name)]).apps

    yield to
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def rows_then(apps: Any) -> None:
    client = apps.get_model("accounts", "Client").objects.create(name="Padaria", slug="padaria")
    line = apps.get_model("accounts", "WhatsappInstance").objects.create(client=client, instance_id="1")
    thread = apps.get_model("messaging", "Conversation").objects.create(instance=line, chat_id="c")
    for number, (direction, moment) in enumerate(
        [
            ("inbound", datetime(2026, 2, 28, 23, 59, tzinfo=UTC)),
            ("inbound", datetime(2026, 3, 1, tzinfo=UTC)),
            ("outbound", datetime(2026, 3, 9, tzinfo=UTC)),
        ]
    ):
        apps.get_model("messaging", "Message").objects.create(
            conversation=thread,
            provider_message_id=number,
            direction=direction,
            type="image",
            received_at=moment,
        )
    for state, size in (("ready", 70), ("ready", 30), ("failed", None)):
        apps.get_model("media", "MediaFile").objects.create(
            instance=line,
            kind="image",
            state=state,
            file="f" if size else "",
            size=size,
            ready_at=datetime(2026, 3, 1, tzinfo=UTC) if size else None,
        )


def test_what_was_there_before_the_upgrade_is_counted_by_it(migrate: Then) -> None:
    rows_then(migrate("0006_resting_endpoints"))
    migrate("0007_usage")
    assert list(
        Usage.objects.order_by("month").values_list("month", "inbound", "outbound", "files", "bytes")
    ) == [
        (date(2026, 2, 1), 1, 0, 0, 0),
        (date(2026, 3, 1), 1, 1, 2, 100),
    ]
