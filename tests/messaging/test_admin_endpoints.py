from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.services import webhooks_out
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival, static_files_as_they_are  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
ENDPOINTS, DELIVERIES = "/admin/messaging/webhookendpoint/", "/admin/messaging/webhookdelivery/"
URL = "https://crm.example/hooks"


@pytest.fixture
def endpoint(acme: Rows) -> WebhookEndpoint:
    return webhooks_out.create(client=acme.client, url=URL, name="CRM")


@pytest.fixture
def delivery(endpoint: WebhookEndpoint) -> WebhookDelivery:
    made = webhooks_out.ping(endpoint, now=timezone.now())
    made.state, made.error = WebhookDelivery.State.FAILED, "HTTP 500: out of order"
    made.save()
    return made


def act(row: Any, slug: str) -> str:
    return reverse(f"admin:messaging_{row._meta.model_name}_act", args=[row.pk, slug])


@pytest.mark.parametrize(("name", "status"), [("mona", 200), ("root", 200), ("alice", 403), ("bob", 403)])
def test_only_managers_see_endpoints_and_deliveries(
    name: str, status: int, endpoint: WebhookEndpoint, delivery: WebhookDelivery, browser_of: LogIn
) -> None:
    browser = browser_of(name)
    for address in (ENDPOINTS, DELIVERIES):
        assert browser.get(address).status_code == status
    pages = [f"{ENDPOINTS}{endpoint.pk}/change/", f"{DELIVERIES}{delivery.pk}/change/"]
    assert {browser.get(page).status_code for page in pages} == {status}


def test_another_clients_manager_sees_none_of_it(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, browser_of: LogIn
) -> None:
    charlie = browser_of("charlie")
    for address in (ENDPOINTS, DELIVERIES):
        assert "CRM" not in charlie.get(address).content.decode()
    assert charlie.post(act(delivery, "deliver-again")).status_code == 404
    assert charlie.post(act(endpoint, "disable")).status_code == 404
    endpoint.refresh_from_db()
    assert endpoint.is_active


def test_a_manager_adds_an_endpoint_and_sees_its_secret_once(acme: Rows, browser_of: LogIn) -> None:
    mona = browser_of("mona")
    sent = {"client": acme.client.pk, "name": "CRM", "url": URL, "events": ["message.*", "media.updated"]}
    page = mona.post(f"{ENDPOINTS}add/", sent, follow=True).content.decode()
    row = WebhookEndpoint.objects.get()
    assert (row.client, row.url, row.events) == (acme.client, URL, ["message.*", "media.updated"])
    assert row.secret in page
    assert row.secret not in mona.get(f"{ENDPOINTS}{row.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("facts", "said"),
    [({"url": "http://crm.example/"}, "only https"), ({"url": "https://10.0.0.1/"}, "not a public host")],
)
def test_an_address_that_is_not_ours_to_call_is_refused(
    facts: dict[str, str], said: str, acme: Rows, browser_of: LogIn
) -> None:
    sent = {"client": acme.client.pk, "name": "CRM", **facts}
    assert said in browser_of("mona").post(f"{ENDPOINTS}add/", sent).content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_an_endpoint_is_only_added_for_a_client_that_one_manages(rival: Rows, browser_of: LogIn) -> None:
    browser_of("mona").post(f"{ENDPOINTS}add/", {"client": rival.client.pk, "name": "CRM", "url": URL})
    assert not WebhookEndpoint.objects.exists()


def test_an_endpoint_is_changed(endpoint: WebhookEndpoint, browser_of: LogIn) -> None:
    secret = endpoint.secret
    sent = {"name": "ERP", "url": f"{URL}/2", "events": ["media.*"]}
    browser_of("mona").post(f"{ENDPOINTS}{endpoint.pk}/change/", sent)
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.url, endpoint.events) == ("ERP", f"{URL}/2", ["media.*"])
    assert endpoint.secret == secret


def test_why_it_was_switched_off_is_shown_and_undone(endpoint: WebhookEndpoint, browser_of: LogIn) -> None:
    WebhookEndpoint.objects.update(is_active=False, disabled_reason="Nothing could be delivered since May.")
    mona, page = browser_of("mona"), f"{ENDPOINTS}{endpoint.pk}/change/"
    for address in (page, ENDPOINTS):
        assert "Nothing could be delivered since May." in mona.get(address).content.decode()
    mona.post(act(endpoint, "enable"))
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.disabled_reason) == (True, "")


def test_the_other_verbs_do_what_they_say(endpoint: WebhookEndpoint, browser_of: LogIn) -> None:
    mona, old = browser_of("mona"), endpoint.secret
    mona.post(act(endpoint, "test"))
    assert WebhookDelivery.objects.get().event_type == "ping"
    page = mona.post(act(endpoint, "rotate"), follow=True).content.decode()
    endpoint.refresh_from_db()
    assert endpoint.secret != old
    assert endpoint.secret in page
    mona.post(act(endpoint, "disable"))
    assert "Switch it on first" in mona.post(act(endpoint, "test"), follow=True).content.decode()
    mona.post(act(endpoint, "enable-from-now"))
    endpoint.refresh_from_db()
    assert endpoint.is_active


def test_a_delivery_is_made_again_by_button_and_by_action(
    delivery: WebhookDelivery, browser_of: LogIn
) -> None:
    mona, rows = browser_of("mona"), WebhookDelivery.objects.filter(pk=delivery.pk)
    mona.post(act(delivery, "deliver-again"))
    assert rows.get().state == "pending"
    rows.update(state="failed")
    mona.post(DELIVERIES, {"action": "deliver_again_action", "_selected_action": [delivery.pk], "index": 0})
    assert rows.get().state == "pending"


def test_a_delivery_tells_its_body_and_error(delivery: WebhookDelivery, browser_of: LogIn) -> None:
    text = browser_of("mona").get(f"{DELIVERIES}{delivery.pk}/change/").content.decode()
    for shown in ("HTTP 500: out of order", "&quot;ping&quot;", str(delivery.event_id)):
        assert shown in text


def test_a_secret_that_cannot_be_read_breaks_no_page(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, browser_of: LogIn, settings: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["b3RoZXIta2V5LWZvci10ZXN0cy1vdGhlci1rZXktISE="]
    mona = browser_of("mona")
    pages = [ENDPOINTS, f"{ENDPOINTS}{endpoint.pk}/change/", f"{DELIVERIES}{delivery.pk}/change/"]
    pages.append(f"{DELIVERIES}?endpoint__id__exact={endpoint.pk}")
    assert [mona.get(page).status_code for page in pages] == [200] * 4
