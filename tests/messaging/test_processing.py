import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.db.models.signals import post_init
from django.utils import timezone

from accounts.models import WhatsappInstance
from messaging.models import Contact, Conversation, Message, WebhookEvent
from messaging.services.processing import MOST_ATTEMPTS, process_again, process_batch, process_due
from tests.simulator.world import Person, World
from tests.telling import ANA, composer, make_cloud, make_wapi, process, store, the_conversation, the_message

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def line(db: None) -> WhatsappInstance:
    return make_wapi()


@contextmanager
def poison(word: str) -> Iterator[None]:
    """No message with this text can be made; Django's own signal is the seam."""

    def refuse(instance: Message, **_: Any) -> None:
        if instance.text == word or instance.__dict__.get("provider_message_id") == word:
            raise RuntimeError(f"cannot take {word}")

    post_init.connect(refuse, sender=Message)
    try:
        yield
    finally:
        post_init.disconnect(refuse, sender=Message)


def texts(line: WhatsappInstance, world: World, *words: str) -> list[WebhookEvent]:
    talk = composer(world, line)
    return [store(line, talk.text(ANA, word, message_id=word)) for word in words]


def states() -> list[str]:
    return list(WebhookEvent.objects.order_by("id").values_list("state", flat=True))


def test_an_event_that_raises_fails_alone_with_its_traceback(line: WhatsappInstance, world: World) -> None:
    texts(line, world, "um", "bad", "três")
    with poison("bad"):
        process(NOW)
    assert states() == ["processed", "failed", "processed"]
    assert set(Message.objects.values_list("text", flat=True)) == {"um", "três"}
    failed = WebhookEvent.objects.get(state="failed")
    assert "Traceback" in failed.error
    assert "RuntimeError: cannot take bad" in failed.error
    assert (failed.processed_at, failed.lease_token) == (NOW, None)


def test_nothing_of_a_failed_event_stays(world: World) -> None:
    line = make_cloud()
    good, bad = (composer(world, line).text(ANA, word, message_id=word) for word in ("good", "bad"))
    store(line, {**good, "entry": good["entry"] + bad["entry"]})
    with poison("bad"):
        process(NOW)
    assert (Message.objects.count(), Contact.objects.count(), Conversation.objects.count()) == (0, 0, 0)
    assert states() == ["failed"]


def test_a_failed_event_can_be_processed_again(line: WhatsappInstance, world: World) -> None:
    texts(line, world, "bad")
    with poison("bad"):
        process(NOW)
    assert process_again(WebhookEvent.objects.all(), now=NOW) == 1
    process(NOW)
    event = WebhookEvent.objects.get()
    assert (event.state, event.error, event.attempts) == ("processed", "", 1)
    assert the_message().text == "bad"


def test_processing_everything_again_changes_nothing(line: WhatsappInstance, world: World) -> None:
    texts(line, world, "um", "dois")
    process(NOW)
    before = list(Message.objects.order_by("id").values()), list(Conversation.objects.values())
    process_again(WebhookEvent.objects.all(), now=NOW)
    process(NOW)
    assert (list(Message.objects.order_by("id").values()), list(Conversation.objects.values())) == before


def test_an_event_in_a_worker_s_hands_is_not_put_back(line: WhatsappInstance, world: World) -> None:
    texts(line, world, "um")
    WebhookEvent.objects.update(lease_token=uuid.uuid4(), lease_until=NOW + timedelta(seconds=60))
    assert process_again(WebhookEvent.objects.all(), now=NOW) == 0


def test_the_raw_body_is_never_changed_by_processing(line: WhatsappInstance, world: World) -> None:
    (event,) = texts(line, world, "um")
    before = bytes(event.body)
    process(NOW)
    event.refresh_from_db()
    assert bytes(event.body) == before


def test_events_of_a_line_are_applied_in_the_order_they_came(line: WhatsappInstance, world: World) -> None:
    texts(line, world, *[f"número {n}" for n in range(20)])
    process(NOW)
    found = list(Message.objects.order_by("id").values_list("text", flat=True))
    assert found == [f"número {n}" for n in range(20)]


def test_a_worker_that_lost_its_lease_changes_nothing(line: WhatsappInstance, world: World) -> None:
    (event,) = texts(line, world, "um")
    loser, winner = uuid.uuid4(), uuid.uuid4()
    event.attempts, event.lease_token = 1, winner
    event.lease_until = NOW + timedelta(seconds=60)
    event.save()
    process_batch([event], loser, NOW)
    event.refresh_from_db()
    assert (event.state, event.lease_token, Message.objects.count()) == ("pending", winner, 0)


def abandon(attempts: int, *events: WebhookEvent) -> None:
    """As a worker leaves them that was killed with them in hand."""
    WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).update(
        attempts=attempts, lease_token=uuid.uuid4(), lease_until=NOW - timedelta(seconds=1)
    )


def test_what_a_killed_worker_held_is_processed_by_the_next(line: WhatsappInstance, world: World) -> None:
    abandon(1, *texts(line, world, "um", "dois"))
    process(NOW)
    assert states() == ["processed", "processed"]


def test_an_event_that_ends_its_workers_is_given_up_and_takes_no_other_with_it(
    line: WhatsappInstance, world: World
) -> None:
    killer, behind = texts(line, world, "killer", "behind")
    abandon(MOST_ATTEMPTS, killer)
    abandon(1, behind)
    process(NOW)
    assert states() == ["failed", "processed"]
    killer.refresh_from_db()
    assert killer.error.startswith("given up")


class Killed(BaseException):
    """Ends the turn as kill -9 would: no handler of ours runs."""


def test_only_the_culprit_uses_up_its_attempts(line: WhatsappInstance, world: World) -> None:
    texts(line, world, "um", "killer", "três")

    def strike(instance: Message, **_: Any) -> None:
        if instance.__dict__.get("provider_message_id") == "killer":
            raise Killed

    post_init.connect(strike, sender=Message)
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(Killed):
            process(now)
        now += timedelta(hours=1)
    process(now)
    post_init.disconnect(strike, sender=Message)
    assert states() == ["processed", "failed", "processed"]


@contextmanager
def busy_database(times: int) -> Iterator[None]:
    left = [times]

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and "messaging_message" in sql and left[0]:
            left[0] -= 1
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


def test_a_busy_database_costs_an_event_no_attempt(line: WhatsappInstance, world: World) -> None:
    texts(line, world, "um")
    with busy_database(2):
        process(NOW)
    event = WebhookEvent.objects.get()
    assert (event.state, event.attempts, event.error) == ("pending", 0, "")
    assert event.next_attempt_at > NOW
    process(event.next_attempt_at)
    assert states() == ["processed"]


@pytest.mark.parametrize(
    "body", [b'{"hello": "world"}', b'{"instanceId": "AB12CD-EF34GH-IJ56KL", "event": "?"}']
)
def test_a_body_that_is_not_the_provider_s_is_ignored_with_the_reason(
    body: bytes, line: WhatsappInstance
) -> None:
    store(line, body)
    process(NOW)
    event = WebhookEvent.objects.get()
    assert (event.state, event.error.startswith("not a")) == ("ignored", True)


def test_no_text_of_a_message_is_logged_when_it_fails(
    line: WhatsappInstance, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store(line, composer(world, line).text(ANA, "um segredo", message_id="bad"))
    with poison("bad"):
        process(NOW)
    assert "webhook event failed" in caplog.text
    assert "um segredo" not in caplog.text
    assert ANA.phone not in caplog.text


def test_the_number_of_queries_does_not_grow_with_people_messages_and_statuses(
    line: WhatsappInstance, world: World, django_assert_max_num_queries: Any
) -> None:
    talk = composer(world, line)
    for number in range(20):
        who = Person(f"Contato {number}", f"55119{number:08d}", f"{100_000_000_000_000 + number}@lid")
        store(line, talk.text(who, "Bom dia", from_me=True, message_id=f"3EB0{number:016X}"))
        store(line, talk.status(who, f"3EB0{number:016X}", "delivered"))
        store(line, talk.status(who, f"3EB0{number:016X}", "read"))
    with django_assert_max_num_queries(46):
        process_due(uuid.uuid4(), now=NOW)
    assert Message.objects.filter(status="read").count() == Contact.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_leave_each_message_once(world: World) -> None:
    lines = [make_wapi(instance_id=f"LINE-{number}") for number in range(3)]
    for instance in lines:
        texts(instance, world, *[f"{n}" for n in range(15)], *[f"{n}" for n in range(15)])
    errors: list[BaseException] = []
    together = threading.Barrier(4)

    def work() -> None:
        try:
            together.wait()
            while WebhookEvent.objects.filter(state="pending").exists():
                process_due(uuid.uuid4(), now=timezone.now(), limit=7)
        except Exception as exc:  # noqa: BLE001 - handed to the test's own thread
            errors.append(exc)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert (Message.objects.count(), Contact.objects.count()) == (45, 1)
    assert set(Conversation.objects.values_list("unread_count", flat=True)) == {15}
    assert set(states()) == {"processed"}


def test_a_sent_time_that_is_missing_is_the_time_of_arrival(line: WhatsappInstance, world: World) -> None:
    body = composer(world, line).text(ANA, "sem hora")
    del body["moment"]
    event = store(line, body)
    process(NOW)
    assert the_message().sent_at == event.received_at
    assert the_conversation().last_message_at == event.received_at
