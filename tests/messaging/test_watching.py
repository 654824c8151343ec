import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import reading_back
from accounts.models import WhatsappInstance
from accounts.services import webhook_url
from messaging.services.watching import Watching, unread
from tests.simulator.server import Simulator
from tests.telling import composer, make_wapi

pytestmark = pytest.mark.django_db
SLOTS = ("received", "delivery", "message-status", "connected", "disconnected")


def a_line(sim: Simulator, **facts: Any) -> WhatsappInstance:
    instance = make_wapi(**{"last_event_at": timezone.now()} | facts)
    composer(sim.world, instance).line.webhooks.update(dict.fromkeys(SLOTS, webhook_url(instance)))
    return instance


def watch(seconds: float = 5) -> int:
    watching, learned, end = Watching(), 0, time.monotonic() + seconds
    while not learned and time.monotonic() < end:
        learned = watching.turn()
    watching.close()
    return learned


def test_webhooks_that_come_here_are_noted(sim: Simulator) -> None:
    instance = a_line(sim)
    assert watch() == 1
    instance.refresh_from_db()
    assert instance.webhook_slots == dict.fromkeys(SLOTS, "ours")
    assert not instance.webhooks_astray


def test_webhooks_that_were_set_elsewhere_are_noticed(sim: Simulator) -> None:
    instance = a_line(sim)
    sim.world.lines[instance.instance_id].webhooks["received"] = "https://other.example/hook/secret"
    watch()
    instance.refresh_from_db()
    assert instance.webhooks_astray
    assert instance.webhook_slots["received"] == "at other.example"


def test_a_tick_that_goes_elsewhere_is_no_alarm(sim: Simulator) -> None:
    instance = a_line(sim)
    sim.world.lines[instance.instance_id].webhooks["message-status"] = ""
    watch()
    instance.refresh_from_db()
    assert instance.webhook_slots == dict.fromkeys(SLOTS, "ours") | {"message-status": ""}
    assert not instance.webhooks_astray


def test_a_provider_that_fails_changes_nothing(sim: Simulator) -> None:
    instance = a_line(sim, webhooks_astray=True)
    sim.world.fault("fetch-instance", status=500)
    assert watch(seconds=0.5) == 0
    instance.refresh_from_db()
    assert (instance.webhooks_astray, instance.webhooks_read_at) == (True, None)


def test_a_secret_that_cannot_be_read_troubles_no_other_line(sim: Simulator) -> None:
    broken, instance = make_wapi(instance_id="broken", last_event_at=timezone.now()), a_line(sim)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_whatsappinstance SET token = 'damaged' WHERE id = %s", [broken.pk])
    assert watch() == 1
    instance.refresh_from_db()
    assert instance.webhooks_read_at


def test_the_longest_unread_is_asked_first_and_not_all_the_time(db: None) -> None:
    now = timezone.now()
    heard = {"last_event_at": now}
    make_wapi(instance_id="fresh", webhooks_read_at=now - timedelta(hours=5), **heard)
    make_wapi(instance_id="off", is_active=False, **heard)
    make_wapi(instance_id="new")
    make_wapi(instance_id="old", webhooks_read_at=now - timedelta(hours=7), **heard)
    make_wapi(instance_id="never", **heard)
    assert [one.instance_id for one in unread(now)] == ["never", "old"]


def test_what_was_asked_before_or_for_another_address_is_not_noted(db: None) -> None:
    now, instance = timezone.now(), make_wapi()
    told = {"received": webhook_url(instance)}
    WhatsappInstance.objects.update(webhooks_read_at=now)
    reading_back.note(instance, told, now=now - timedelta(seconds=1))
    WhatsappInstance.objects.update(webhook_key="another")
    reading_back.note(instance, told, now=now + timedelta(seconds=1))
    instance.refresh_from_db()
    assert instance.webhook_slots == {}


@pytest.mark.parametrize(
    "address", ["http://[", "javascript:alert(1)", "x" * 9000, "https://" + "a" * 300 + ".example/"]
)
def test_an_odd_address_is_elsewhere(address: str, db: None) -> None:
    instance = make_wapi()
    reading_back.note(instance, {"received": address}, now=timezone.now())
    instance.refresh_from_db()
    assert instance.webhooks_astray
    assert len(instance.webhook_slots["received"]) <= 104
