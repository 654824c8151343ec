"""What becomes of a delivery: answers of all kinds, addresses that are not ours to call, workers that end."""

import socket
import time
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from structlog.testing import capture_logs

from accounts.models import WhatsappInstance
from accounts.providers.errors import HostNotAllowed
from messaging import targets
from messaging.models import WebhookDelivery
from messaging.services.webhooks_out import Courier, fan_out
from messaging.services.webhooks_out.delivering import claim
from tests.media.origin import Asked, plain, send_head, serving
from tests.messaging.receiver import Receiver, endpoint_at, happens, the_delivery, work
from tests.telling import make_client, make_wapi

pytestmark = pytest.mark.django_db

State = WebhookDelivery.State


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
    receiver: Receiver, line: WhatsappInstance
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
