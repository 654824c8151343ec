"""What a web process remembers of webhook keys, and for how long."""

import time

import pytest
from pytest_django import Settings
from pytest_django.asserts import assertNumQueries

from accounts.models import Client, WhatsappInstance
from accounts.services import rotate_webhook_key
from messaging.services.addresses import line_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def instance() -> WhatsappInstance:
    client = Client.objects.create(name="Padaria", slug="padaria")
    return WhatsappInstance.objects.create(client=client, name="Loja", provider="wapi", instance_id="LOJA")


def test_a_key_that_was_just_used_costs_no_query(instance: WhatsappInstance, settings: Settings) -> None:
    settings.WEBHOOK_LOOKUP_SECONDS = 60
    line_of(instance.webhook_key)
    with assertNumQueries(0):
        line = line_of(instance.webhook_key)
    assert line is not None
    assert line.instance == instance


def test_a_changed_key_stops_working_when_its_time_is_over(
    instance: WhatsappInstance, settings: Settings
) -> None:
    settings.WEBHOOK_LOOKUP_SECONDS = 0.2
    old = instance.webhook_key
    assert line_of(old)
    rotate_webhook_key(instance)
    time.sleep(0.25)
    assert line_of(old) is None
    assert line_of(instance.webhook_key)


def test_an_unknown_key_is_not_remembered(instance: WhatsappInstance, settings: Settings) -> None:
    settings.WEBHOOK_LOOKUP_SECONDS = 60
    assert line_of("not-there-yet") is None
    WhatsappInstance.objects.filter(pk=instance.pk).update(webhook_key="not-there-yet")
    assert line_of("not-there-yet")
