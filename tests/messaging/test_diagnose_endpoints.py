from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import WhatsappInstance
from messaging.models import WebhookEndpoint
from messaging.services import webhooks_out
from tests.messaging.diagnosing import report, said
from tests.telling import make_client, make_wapi

pytestmark = pytest.mark.django_db


def endpoint_of(instance: WhatsappInstance, **facts: Any) -> WebhookEndpoint:
    made = webhooks_out.create(client=instance.client, url="https://crm.example/hooks?key=its-own")
    WebhookEndpoint.objects.filter(pk=made.pk).update(**facts)
    return made


def test_an_endpoint_that_was_switched_off_needs_a_person() -> None:
    made = endpoint_of(make_wapi(), is_active=False, disabled_reason="Nothing could be delivered since May.")
    told = report("--offline")
    assert "Switched off. Nothing could be delivered since May." in said(told, "problem")
    assert [one["about"] for one in told["findings"] if "Switched off." in one["text"]] == [
        f"webhook endpoint {made.pk} of Padaria"
    ]
    assert "its-own" not in str(told)


@pytest.mark.parametrize(("minutes", "warned"), [(30, False), (90, True)])
def test_one_that_fails_for_a_while_is_told(minutes: int, warned: bool) -> None:
    endpoint_of(make_wapi(), failing_since=timezone.now() - timedelta(minutes=minutes))
    assert ("Nothing could be delivered since" in said(report("--offline"), "warn")) is warned


def test_what_a_person_switched_off_is_no_finding() -> None:
    endpoint_of(make_wapi(), is_active=False)
    assert "webhook endpoint" not in str(report("--offline")["findings"])


def test_only_the_clients_that_were_asked_about_are_told_of() -> None:
    instance = make_wapi()
    other = make_wapi(make_client("Rival"), "OTHER-LINE")
    endpoint_of(other, is_active=False, disabled_reason="Nothing could be delivered since May.")
    assert "Switched off." not in said(report("--offline", "--instance", instance.instance_id), "problem")
    assert "Switched off." in said(report("--offline", "--instance", other.instance_id), "problem")
