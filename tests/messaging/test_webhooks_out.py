"""The whole way of a change to a client's own system, as far as it is the same for every answer."""

import json
import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.feed import Action, Topic
from accounts.models import Change, WhatsappInstance
from messaging.models import Message, WebhookDelivery, WebhookEndpoint, new_signing_secret
from messaging.services import webhooks_out
from messaging.services.webhooks_out import fan_out
from tests.messaging.receiver import Receiver, endpoint_at, happens, is_ours, the_delivery, work
from tests.simulator.server import Simulator
from tests.telling import ANA, composer, make_client, make_wapi, post, tell

pytestmark = pytest.mark.django_db

State = WebhookDelivery.State


def test_a_message_is_told_with_what_the_api_says_of_it(
    sim: Simulator, receiver: Receiver, line: WhatsappInstance
) -> None:
    endpoint_at(receiver.url, line, events=["message.created"])
    tell(line, composer(sim.world, line).text(ANA, "bom dia, 3 pães"))
    work()
    [told] = receiver.told
    message, change = Message.objects.get(), Change.objects.get(topic="message")
    assert (told["type"], told["data"]["id"], told["data"]["object_id"]) == (
        "message.created",
        str(change.pk),
        message.pk,
    )
    assert (told["data"]["object"]["id"], told["data"]["object"]["text"]) == (message.pk, "bom dia, 3 pães")
    assert (told["timestamp"], told["data"]["client"]) == (told["data"]["occurred_at"], line.client_id)
    assert told["id"] == receiver.got[0].headers["webhook-id"] == str(the_delivery().event_id)


def test_a_receiver_can_verify_what_it_gets(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line)
    happens(line)
    work()
    [asked] = receiver.got
    assert (asked.method, asked.target) == ("POST", "/hooks?key=its-own")
    assert asked.headers["content-type"] == "application/json"
    assert is_ours(asked, endpoint.secret, at=timezone.now())
    assert not is_ours(asked, new_signing_secret(), at=timezone.now())
    assert not is_ours(asked, endpoint.secret, at=timezone.now() + timedelta(minutes=6))
    asked.body += b" "
    assert not is_ours(asked, endpoint.secret, at=timezone.now())
    assert "authorization" not in asked.headers


def test_what_is_sent_is_the_stored_body_byte_for_byte(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    work()
    assert receiver.got[0].body == the_delivery().body.encode()


def test_every_change_is_told_once_and_in_order(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line)
    changes = [happens(line, object_id=number) for number in range(1, 251)]
    while fan_out(timezone.now()):
        pass
    rows = WebhookDelivery.objects.order_by("pk")
    assert list(rows.values_list("change_id", flat=True)) == [change.pk for change in changes]
    endpoint.refresh_from_db()
    assert endpoint.cursor == changes[-1].pk
    work()
    assert sorted(told["data"]["object_id"] for told in receiver.told) == list(range(1, 251))


def test_an_endpoint_begins_at_the_end_of_the_feed(receiver: Receiver, line: WhatsappInstance) -> None:
    happens(line, object_id=1)
    endpoint_at(receiver.url, line)
    happens(line, object_id=2)
    work()
    assert [told["data"]["object_id"] for told in receiver.told] == [2]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], ["message.created", "message.updated", "media.updated"]),
        (["message.created"], ["message.created"]),
        (["message.*"], ["message.created", "message.updated"]),
        (["message.*", "media.updated"], ["message.created", "message.updated", "media.updated"]),
        (["instance.*"], []),
    ],
    ids=str,
)
def test_only_chosen_events_are_told(events: list[str], told: list[str], line: WhatsappInstance) -> None:
    endpoint = endpoint_at("https://crm.example/", line, events=events)
    happens(line)
    happens(line, Topic.MESSAGE, Action.UPDATED, 2)
    last = happens(line, Topic.MEDIA, Action.UPDATED, 3)
    fan_out(timezone.now())
    assert list(WebhookDelivery.objects.order_by("pk").values_list("event_type", flat=True)) == told
    endpoint.refresh_from_db()
    assert endpoint.cursor == last.pk


def test_a_client_is_told_of_its_own_changes_only(line: WhatsappInstance) -> None:
    other = make_wapi(make_client("Rival"), "OTHER-LINE")
    mine, theirs = endpoint_at("https://crm.example/", line), endpoint_at("https://rival.example/", other)
    happens(line)
    happens(other)
    fan_out(timezone.now())
    for endpoint, instance in ((mine, line), (theirs, other)):
        [delivery] = WebhookDelivery.objects.filter(endpoint=endpoint)
        assert json.loads(delivery.body)["data"]["client"] == instance.client_id


def test_endpoints_of_one_client_share_the_reading(line: WhatsappInstance) -> None:
    def queries() -> int:
        happens(line, Topic.CONVERSATION)
        with CaptureQueriesContext(connection) as seen:
            assert fan_out(timezone.now()) == 1
        return len(seen)

    endpoint_at("https://crm.example/", line)
    alone = queries()
    for number in range(5):
        endpoint_at(f"https://crm.example/{number}", line)
    assert queries() == alone


def test_a_laggard_does_not_hold_up_the_others(line: WhatsappInstance) -> None:
    laggard = endpoint_at("https://crm.example/late", line)
    WebhookEndpoint.objects.update(is_active=False)
    for number in range(150):
        happens(line, object_id=number)
    ahead = endpoint_at("https://crm.example/", line)
    webhooks_out.enable(laggard, now=timezone.now())
    newest = happens(line, object_id=999)
    fan_out(timezone.now())
    assert [row.change_id for row in WebhookDelivery.objects.filter(endpoint=ahead)] == [newest.pk]
    assert WebhookDelivery.objects.filter(endpoint=laggard).count() == 100
    fan_out(timezone.now())
    assert WebhookDelivery.objects.filter(endpoint=laggard).count() == 151


def fan_out_all(troubles: list[BaseException]) -> None:
    try:
        while fan_out(timezone.now()):
            pass
    except Exception as exc:  # noqa: BLE001 - told by the test
        troubles.append(exc)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_fan_out_everything_once() -> None:
    line = make_wapi()
    for number in range(3):
        endpoint_at(f"https://crm.example/{number}", line)
    for number in range(120):
        happens(line, object_id=number)
    troubles: list[BaseException] = []
    workers = [threading.Thread(target=fan_out_all, args=(troubles,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    fan_out_all(troubles)
    assert (troubles, WebhookDelivery.objects.count()) == ([], 360)


@pytest.mark.django_db(transaction=True)
def test_one_run_of_the_worker_processes_fans_out_and_delivers(sim: Simulator, receiver: Receiver) -> None:
    line = make_wapi()
    endpoint_at(receiver.url, line, events=["message.*"])
    assert post(line, composer(sim.world, line).text(ANA, "bom dia")).status_code == 200
    call_command("worker", "--once")
    [told] = receiver.told
    assert (told["type"], told["data"]["object"]["text"]) == ("message.created", "bom dia")
    assert the_delivery().state == State.DELIVERED
