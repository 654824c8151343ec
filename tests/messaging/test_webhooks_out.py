"""The whole way of a change to a client's own system."""

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from structlog.testing import capture_logs

from accounts.feed import Action, Topic
from accounts.models import Change, WhatsappInstance
from accounts.providers.errors import HostNotAllowed
from messaging import targets
from messaging.models import Message, WebhookDelivery, WebhookEndpoint, new_signing_secret
from messaging.services import webhooks_out
from messaging.services.webhooks_out import Courier, fan_out, prune_deliveries
from messaging.services.webhooks_out.delivering import claim
from tests.media.origin import Asked, plain, send_head, serving
from tests.messaging.receiver import Receiver, endpoint_at, happens, is_ours, receiving, the_delivery, work
from tests.simulator.server import Simulator
from tests.telling import ANA, composer, make_client, make_wapi, post, tell

pytestmark = pytest.mark.django_db

State = WebhookDelivery.State


@pytest.fixture(name="line")
def a_line(db: None) -> WhatsappInstance:
    return make_wapi()


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving(settings) as running:
        yield running


def states() -> list[str]:
    return list(WebhookDelivery.objects.order_by("pk").values_list("state", flat=True))


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


def test_success_is_written_down(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    receiver.says(204)
    now = timezone.now()
    work(now)
    row = the_delivery()
    assert (row.state, row.http_status, row.error, row.attempts) == ("delivered", 204, "", 1)
    assert (row.delivered_at, row.lease_token, row.lease_until) == (now, None, None)
    assert row.duration is not None
    assert (row.endpoint.last_success_at, row.endpoint.failing_since) == (now, None)


def test_failures_are_tried_again_with_growing_breaks_and_the_same_id(
    receiver: Receiver, line: WhatsappInstance
) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    receiver.says(500, "out of order")
    now, breaks = timezone.now(), []
    work(now)
    while (row := the_delivery()).state == State.PENDING:
        breaks.append((row.next_attempt_at - now).total_seconds())
        now = row.next_attempt_at
        work(now)
    wanted = [5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600]
    assert all(0.9 * want <= got <= 1.1 * want for want, got in zip(wanted, breaks, strict=True))
    assert (row.state, row.attempts, row.http_status) == ("failed", 10, 500)
    assert row.error == "HTTP 500: out of order"
    assert {asked.headers["webhook-id"] for asked in receiver.got} == {str(row.event_id)}
    assert len({asked.headers["webhook-timestamp"] for asked in receiver.got}) > 5


def test_success_after_failures_clears_the_record(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    receiver.says(503)
    work()
    failing = the_delivery().endpoint
    receiver.says(200)
    work(timezone.now() + timedelta(minutes=1))
    row = the_delivery()
    assert failing.failing_since is not None
    assert (row.state, row.endpoint.failing_since, row.endpoint.rests_until) == ("delivered", None, None)


def test_the_receiver_may_ask_for_more_time(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    receiver.says(429, Retry_After=90)
    now = timezone.now()
    work(now)
    assert the_delivery().next_attempt_at == now + timedelta(seconds=90)


def test_what_the_receiver_says_is_kept_short_and_without_secrets(
    receiver: Receiver, line: WhatsappInstance
) -> None:
    endpoint = endpoint_at(receiver.url, line)
    happens(line)
    receiver.says(400, f"wrong key {endpoint.secret}\x00\n<b>no</b> " + "x " * 40_000)
    with capture_logs() as logs:
        work()
    row = the_delivery()
    assert row.error.startswith("HTTP 400: wrong key")
    assert len(row.error) <= 300
    assert endpoint.secret[6:] not in row.error
    assert "\x00" not in row.error
    assert not [line for line in logs if "its-own" in str(line) or "wrong key" in str(line)]


def test_a_long_answer_is_a_success_all_the_same(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    receiver.says(200, "x" * 5_000_000)
    work()
    assert the_delivery().state == State.DELIVERED


def test_redirects_are_not_followed(receiver: Receiver, line: WhatsappInstance) -> None:
    with serving(plain(b"secrets of the house")) as inner:
        endpoint_at(receiver.url, line)
        happens(line)
        receiver.says(302, Location=f"{inner.url}/admin")
        work()
        assert inner.asked == []
    assert (the_delivery().state, the_delivery().http_status) == ("pending", 302)
    assert "redirects are not followed" in the_delivery().error


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://127.0.0.1/hook", "not a public host"),
        ("https://127.0.0.1.nip.example/", "host name not found"),
        ("http://crm.example/hook", "only https"),
        ("https://crm.example:8443/hook", "only https on its own port"),
    ],
)
def test_what_may_not_be_called_is_not_called(url: str, reason: str, line: WhatsappInstance) -> None:
    endpoint_at(url, line)
    happens(line)
    work()
    row = the_delivery()
    assert (row.state, row.http_status) == ("pending", None)
    assert reason in row.error


@pytest.mark.parametrize("url", ["https://10.0.0.7/", "https://169.254.169.254/", "https://localhost/"])
def test_a_name_that_leads_to_a_private_address_is_refused_at_the_connection(url: str) -> None:
    with pytest.raises(HostNotAllowed, match="private"):
        targets.door().send("POST", url, headers={}, data=b"{}")


def test_an_answer_has_ten_seconds_however_it_comes() -> None:
    assert targets.door().within == 10


def test_a_success_whose_body_breaks_off_is_a_success(receiver: Receiver, line: WhatsappInstance) -> None:
    def cut(asked: Asked, connection: socket.socket) -> bool:
        send_head(connection, 200, Content_Length=100)
        connection.sendall(b"than")
        return False

    receiver.origin.answer = cut
    endpoint_at(receiver.url, line)
    happens(line)
    work()
    assert the_delivery().state == State.DELIVERED


def test_gone_switches_the_endpoint_off_at_once(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line)
    happens(line)
    receiver.says(410)
    with capture_logs() as logs:
        work()
    endpoint.refresh_from_db()
    assert (endpoint.is_active, the_delivery().state) == (False, "failed")
    assert "410" in endpoint.disabled_reason
    assert ("webhook endpoint switched off", "warning") in [(one["event"], one["log_level"]) for one in logs]
    happens(line)
    work()
    assert len(receiver.got) == 1


def test_three_days_without_a_success_switch_it_off(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line)
    receiver.says(500)
    start = timezone.now()
    for hours, is_on in ((0, True), (71, True), (73, False)):
        happens(line)
        work(start + timedelta(hours=hours))
        endpoint.refresh_from_db()
        assert endpoint.is_active is is_on
    assert endpoint.disabled_reason.startswith("Nothing could be delivered since")
    assert "HTTP 500" in endpoint.disabled_reason
    assert State.PENDING in states()


def test_a_success_in_between_keeps_it_on(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line)
    start = timezone.now()
    for hours, status in ((0, 500), (40, 200), (80, 500)):
        receiver.says(status)
        happens(line)
        work(start + timedelta(hours=hours))
    endpoint.refresh_from_db()
    assert endpoint.is_active


def test_switched_on_again_it_carries_on_where_it_stopped(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line)
    receiver.says(500)
    happens(line, object_id=1)
    work()
    webhooks_out.disable(endpoint)
    happens(line, object_id=2)
    work()
    receiver.says(200)
    webhooks_out.enable(endpoint, now=timezone.now())
    work()
    assert sorted(told["data"]["object_id"] for told in receiver.told) == [1, 1, 2]
    assert states() == ["delivered", "delivered"]
    assert (endpoint.disabled_reason, endpoint.failing_since) == ("", None)


def test_switched_on_from_now_it_lets_go_of_the_past(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line)
    receiver.says(500)
    happens(line, object_id=1)
    work()
    webhooks_out.disable(endpoint)
    happens(line, object_id=2)
    receiver.says(200)
    webhooks_out.enable(endpoint, now=timezone.now(), from_now=True)
    happens(line, object_id=3)
    work()
    assert [told["data"]["object_id"] for told in receiver.told] == [1, 3]
    assert states() == ["failed", "delivered"]


def test_a_delivery_whose_worker_was_killed_is_made_again(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    now = timezone.now()
    fan_out(now)
    assert len(claim(8, uuid.uuid4(), now)) == 1
    work(now + timedelta(seconds=1))
    assert receiver.got == []
    work(now + timedelta(minutes=5))
    row = the_delivery()
    assert (row.state, row.attempts, len(receiver.got)) == ("delivered", 2, 1)
    assert receiver.got[0].headers["webhook-id"] == str(row.event_id)


def test_a_worker_that_lost_its_lease_does_not_overwrite_the_winner(
    receiver: Receiver, line: WhatsappInstance
) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    now = timezone.now()
    fan_out(now)
    receiver.says(500)
    late = Courier()
    late.top_up(now)
    while not receiver.got:
        time.sleep(0.01)
    receiver.says(200)
    work(now + timedelta(minutes=5))
    late.collect(now + timedelta(minutes=5), wait=2)
    late.close()
    assert (the_delivery().state, the_delivery().endpoint.failing_since) == ("delivered", None)


def test_a_delivery_that_kills_workers_is_given_up(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    fan_out(timezone.now())
    WebhookDelivery.objects.update(attempts=50)
    work()
    assert (the_delivery().state, receiver.got) == ("failed", [])


def test_at_most_four_are_under_way_for_one_endpoint(receiver: Receiver, line: WhatsappInstance) -> None:
    other = make_wapi(make_client("Rival"), "OTHER-LINE")
    for instance in (line, other):
        endpoint_at(receiver.url, instance)
        for number in range(10):
            happens(instance, object_id=number)
    fan_out(timezone.now())
    claimed = claim(50, uuid.uuid4(), timezone.now())
    assert sorted(row.endpoint.client_id for row in claimed) == sorted([line.client_id, other.client_id] * 4)


def test_a_dead_endpoint_rests_and_leaves_the_threads_to_others(
    receiver: Receiver, line: WhatsappInstance
) -> None:
    endpoint_at(receiver.url, line)
    receiver.says(500)
    now = timezone.now()
    for seconds in (0, 120):
        happens(line)
        work(now + timedelta(seconds=seconds))
    happens(line)
    fan_out(now)
    assert claim(8, uuid.uuid4(), now + timedelta(seconds=140)) == []
    assert len(claim(8, uuid.uuid4(), now + timedelta(seconds=160))) > 0


def test_nothing_is_sent_with_a_secret_that_cannot_be_read(
    receiver: Receiver, line: WhatsappInstance, settings: Settings
) -> None:
    broken, fine = endpoint_at(receiver.url, line), endpoint_at(f"{receiver.url}&fine", line)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE messaging_webhookendpoint SET secret = 'x' WHERE id = %s", [broken.pk])
    happens(line)
    work()
    [row] = WebhookDelivery.objects.filter(endpoint=broken)
    assert (row.state, row.attempts) == ("pending", 0)
    assert "FIELD_ENCRYPTION_KEYS" in row.error
    assert [asked.target for asked in receiver.got] == ["/hooks?key=its-own&fine"]
    assert WebhookDelivery.objects.get(endpoint=fine).state == State.DELIVERED


def test_a_new_secret_signs_from_then_on(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line)
    old = endpoint.secret
    new = webhooks_out.rotate_secret(endpoint)
    happens(line)
    work()
    [asked] = receiver.got
    assert (is_ours(asked, new, at=timezone.now()), is_ours(asked, old, at=timezone.now())) == (True, False)


def test_a_test_event_goes_out_whatever_was_chosen(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line, events=["instance.*"])
    webhooks_out.ping(endpoint, now=timezone.now())
    webhooks_out.ping(endpoint, now=timezone.now())
    work()
    assert [told["type"] for told in receiver.told] == ["ping", "ping"]
    assert receiver.told[0]["data"]["endpoint"] == endpoint.pk


def test_failed_deliveries_are_replayed_with_their_ids(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint = endpoint_at(receiver.url, line)
    for number in range(3):
        happens(line, object_id=number)
    fan_out(timezone.now())
    WebhookDelivery.objects.update(state=State.FAILED, attempts=10, error="HTTP 500")
    ids = {str(row.event_id) for row in WebhookDelivery.objects.all()}
    since = timezone.now() - timedelta(hours=1)
    assert webhooks_out.replay(endpoint, since=since, state="failed", now=timezone.now()) == (3, False)
    work()
    assert {asked.headers["webhook-id"] for asked in receiver.got} == ids
    assert set(WebhookDelivery.objects.values_list("state", "attempts", "error")) == {("delivered", 1, "")}


def test_what_is_under_way_is_not_replayed(receiver: Receiver, line: WhatsappInstance) -> None:
    endpoint_at(receiver.url, line)
    happens(line)
    fan_out(timezone.now())
    claim(1, uuid.uuid4(), timezone.now())
    assert webhooks_out.deliver_again(WebhookDelivery.objects.all(), now=timezone.now()) == 0
    assert states() == ["delivering"]


@pytest.mark.parametrize(
    ("state", "is_active", "left"),
    [
        ("delivered", True, 0),
        ("failed", True, 0),
        ("pending", True, 1),
        ("pending", False, 0),
    ],
)
def test_old_deliveries_are_removed(state: str, is_active: bool, left: int, line: WhatsappInstance) -> None:
    endpoint_at("https://crm.example/", line)
    happens(line)
    fan_out(timezone.now())
    WebhookDelivery.objects.update(state=state)
    WebhookEndpoint.objects.update(is_active=is_active)
    assert prune_deliveries(timezone.now() + timedelta(days=6)) == 0
    prune_deliveries(timezone.now() + timedelta(days=8))
    assert WebhookDelivery.objects.count() == left


@pytest.mark.django_db(transaction=True)
def test_one_run_of_the_worker_processes_fans_out_and_delivers(sim: Simulator, receiver: Receiver) -> None:
    line = make_wapi()
    endpoint_at(receiver.url, line, events=["message.*"])
    assert post(line, composer(sim.world, line).text(ANA, "bom dia")).status_code == 200
    call_command("worker", "--once")
    [told] = receiver.told
    assert (told["type"], told["data"]["object"]["text"]) == ("message.created", "bom dia")
    assert the_delivery().state == State.DELIVERED
