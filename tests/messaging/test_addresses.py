"""What a web process remembers of webhook keys: never whether they are good."""

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
    return WhatsappInstance.objects.create(
        client=client, name="Loja", provider="wapi", instance_id="LOJA", token="one"
    )


def test_a_key_that_was_used_before_costs_one_query(instance: WhatsappInstance) -> None:
    line_of(instance.webhook_key)
    with assertNumQueries(1):
        line = line_of(instance.webhook_key)
    assert line is not None
    assert line.instance == instance


def test_a_busy_line_costs_no_query_while_the_setting_says_so(
    instance: WhatsappInstance, settings: Settings
) -> None:
    settings.WEBHOOK_LOOKUP_SECONDS = 60
    line_of(instance.webhook_key)
    with assertNumQueries(0):
        assert line_of(instance.webhook_key)


def test_a_changed_key_stops_working_at_once(instance: WhatsappInstance) -> None:
    old = instance.webhook_key
    assert line_of(old)
    rotate_webhook_key(instance)
    assert line_of(old) is None
    assert line_of(instance.webhook_key)


@pytest.mark.parametrize("model", [WhatsappInstance, Client])
def test_what_is_switched_off_is_not_found(
    instance: WhatsappInstance, model: type[WhatsappInstance | Client]
) -> None:
    assert line_of(instance.webhook_key)
    model.objects.update(is_active=False)
    assert line_of(instance.webhook_key) is None


def test_a_changed_secret_is_used_at_once(instance: WhatsappInstance) -> None:
    before = line_of(instance.webhook_key)
    instance.token = "two"
    instance.save()
    after = line_of(instance.webhook_key)
    assert before and after
    assert (before.instance.token, after.instance.token) == ("one", "two")
