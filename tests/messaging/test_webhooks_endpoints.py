"""What becomes of an endpoint: switched off and on, tried, replayed, tidied up."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from accounts.models import WhatsappInstance
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.services import webhooks_out
from messaging.services.webhooks_out import fan_out, prune_deliveries
from messaging.services.webhooks_out.delivering import claim
from tests.messaging.receiver import Receiver, endpoint_at, happens, is_ours, states, the_delivery, work

pytestmark = pytest.mark.django_db

State = WebhookDelivery.State


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
