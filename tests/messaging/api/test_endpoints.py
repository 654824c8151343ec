import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.feed import Action, Topic, change, tell
from accounts.models import Membership, Role
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.services import webhooks_out
from messaging.services.webhooks_out import fan_out
from tests.messaging.api.front import errors
from tests.tenants import Rows, make_rows, make_user

URL = "https://crm.example/hooks"
State = WebhookDelivery.State


@pytest.fixture
def endpoint(acme: Rows) -> WebhookEndpoint:
    return webhooks_out.create(client=acme.client, url=URL, name="CRM")


@pytest.fixture
def delivery(acme: Rows, endpoint: WebhookEndpoint) -> WebhookDelivery:
    return make_deliveries(acme, 1)[0]


def make_deliveries(rows: Rows, count: int, **facts: Any) -> list[WebhookDelivery]:
    for number in range(count):
        tell([change(rows.instance, Topic.MEDIA, number, Action.UPDATED, at=timezone.now())])
    fan_out(timezone.now())
    WebhookDelivery.objects.filter(endpoint__client=rows.client).update(**facts or {"state": State.FAILED})
    return list(WebhookDelivery.objects.filter(endpoint__client=rows.client).order_by("pk"))


def wish(rows: Rows, **facts: Any) -> dict[str, Any]:
    return {"client": rows.client.pk, "url": URL} | facts


def test_a_new_endpoint_shows_its_secret_once(acme, front):
    tell([change(acme.instance, Topic.MEDIA, 1, Action.UPDATED, at=timezone.now())])
    mona = front("mona")
    made = mona.post("webhook-endpoints/", wish(acme, name="CRM", events=["message.*"]), status=201)
    row = WebhookEndpoint.objects.get()
    assert made["secret"] == row.secret
    assert made["secret"].startswith("whsec_")
    assert (row.client, row.name, row.url, row.events) == (acme.client, "CRM", URL, ["message.*"])
    shown = [mona.get(f"webhook-endpoints/{row.pk}/"), mona.get("webhook-endpoints/")["results"][0]]
    assert [one["events"] for one in shown] == [["message.*"]] * 2
    assert row.secret not in json.dumps(shown)
    fan_out(timezone.now())
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"url": "http://crm.example/"}, "url"),
        ({"url": "https://crm.example:8443/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://10.1.2.3/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://0x7f.1/"}, "url"),
        ({"url": "https://2130706433/"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": "https://db.internal/"}, "url"),
        ({"url": "https://intranet/"}, "url"),
        ({"url": "https://me:secret@crm.example/"}, "url"),
        ({"url": "ftp://crm.example/"}, "url"),
        ({"url": "https://crm.example\\@10.0.0.1/"}, "url"),
        ({"url": "https://crm.example/\x00"}, "url"),
        ({"url": "https://crm.example/\ud800"}, "url"),
        ({"url": "https://crm.example/" + "x" * 500}, "url"),
        ({"url": ["https://crm.example/"]}, "url"),
        ({"url": ""}, "url"),
        ({"events": ["message.exploded"]}, "events"),
        ({"events": "message.created"}, "events"),
        ({"events": [["message.created"]]}, "events"),
        ({"name": "x" * 101}, "name"),
        ({"client": 1e400}, "client"),
        ({"client": 10**30}, "client"),
        ({"client": True}, "client"),
        ({"client": None}, "client"),
    ],
    ids=str,
)
def test_what_cannot_be_taken_is_said_of_its_field(acme, front, facts, field):
    body = json.dumps(wish(acme) | facts).replace("Infinity", "1e400").encode()
    answer = front("mona").post("webhook-endpoints/", body, status=400)
    assert {name.partition(".")[0] for name in errors(answer)} == {field}
    assert not WebhookEndpoint.objects.exists()


def test_an_endpoint_can_only_be_made_for_a_client_that_one_manages(acme, rival, people, front):
    Membership.objects.create(user=people["mona"], client=rival.client, role=Role.OPERATOR)
    answer = front("mona").post("webhook-endpoints/", wish(rival), status=400)
    assert list(errors(answer)) == ["client"]
    front("alice").post("webhook-endpoints/", wish(acme), status=403)


@pytest.mark.parametrize(("name", "status"), [("alice", 403), ("bob", 403), ("charlie", 404)])
def test_only_managers_of_the_client_come_near(endpoint, delivery, front, name, status):
    browser, one = front(name), f"webhook-endpoints/{endpoint.pk}/"
    browser.get(one, expect=status)
    browser.get(f"{one}deliveries/", expect=status)
    browser.patch(one, {"is_active": False}, status=status)
    browser.ask("DELETE", one, status=status)
    for verb in ("rotate-secret", "enable", "test", "replay"):
        browser.post(f"{one}{verb}/", {"since": "2026-01-01T00:00:00Z"}, status=status)
    browser.get(f"webhook-deliveries/{delivery.pk}/", expect=status)
    browser.post(f"webhook-deliveries/{delivery.pk}/replay/", {}, status=status)
    endpoint.refresh_from_db()
    delivery.refresh_from_db()
    assert (endpoint.is_active, delivery.state) == (True, "failed")


def test_the_list_is_of_the_clients_that_one_manages(acme, rival, people, endpoint, front):
    webhooks_out.create(client=rival.client, url=URL)
    Membership.objects.create(user=people["mona"], client=rival.client, role=Role.OPERATOR)
    assert [row["id"] for row in front("mona").get("webhook-endpoints/")["results"]] == [endpoint.pk]
    assert len(front("root").get("webhook-endpoints/")["results"]) == 2
    assert front("root").get(f"webhook-endpoints/?client={acme.client.pk}")["results"][0]["id"] == endpoint.pk
    front("bob").get("webhook-endpoints/", expect=403)


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_costs_as_many_queries_as_two_rows(acme, front, count, django_assert_max_num_queries):
    for number in range(count):
        webhooks_out.create(client=acme.client, url=f"{URL}/{number}")
    mona = front("mona")
    with django_assert_max_num_queries(4):
        assert len(mona.get("webhook-endpoints/")["results"]) == count
    make_deliveries(acme, count)
    first = WebhookEndpoint.objects.earliest("pk")
    with django_assert_max_num_queries(5):
        assert len(mona.get(f"webhook-endpoints/{first.pk}/deliveries/")["results"]) == count


def test_an_endpoint_is_changed_but_stays_with_its_client(acme, rival, endpoint, front):
    body = {"url": f"{URL}/2", "events": ["media.*", "media.*"], "client": rival.client.pk, "cursor": 0}
    shown = front("mona").patch(f"webhook-endpoints/{endpoint.pk}/", body)
    assert (shown["url"], shown["events"], shown["client"]) == (f"{URL}/2", ["media.*"], acme.client.pk)
    endpoint.refresh_from_db()
    assert (endpoint.client, endpoint.url) == (acme.client, f"{URL}/2")


def test_it_is_switched_off_and_on_by_a_change(endpoint, front):
    mona, one = front("mona"), f"webhook-endpoints/{endpoint.pk}/"
    assert mona.patch(one, {"is_active": False})["is_active"] is False
    WebhookEndpoint.objects.update(
        disabled_reason="Nothing could be delivered.", failing_since=timezone.now()
    )
    shown = mona.patch(one, {"is_active": True})
    assert (shown["is_active"], shown["disabled_reason"], shown["failing_since"]) == (True, "", None)


def test_it_is_enabled_from_where_it_stopped_or_from_now(acme, endpoint, front):
    webhooks_out.disable(endpoint)
    tell([change(acme.instance, Topic.MEDIA, 1, Action.UPDATED, at=timezone.now())])
    mona, one = front("mona"), f"webhook-endpoints/{endpoint.pk}/enable/"
    assert mona.post(one, {"resume_from": "now"})["is_active"] is True
    assert fan_out(timezone.now()) == 0
    WebhookEndpoint.objects.update(cursor=0, is_active=False)
    mona.post(one, {})
    assert fan_out(timezone.now()) == 1
    assert "resume_from" in errors(mona.post(one, {"resume_from": "never"}, status=400))


def test_a_new_secret_is_shown_once(endpoint, front):
    old = endpoint.secret
    shown = front("mona").post(f"webhook-endpoints/{endpoint.pk}/rotate-secret/", {})
    endpoint.refresh_from_db()
    assert shown == {"secret": endpoint.secret}
    assert endpoint.secret != old


def test_a_test_is_queued(endpoint, front):
    shown = front("mona").post(f"webhook-endpoints/{endpoint.pk}/test/", {}, status=202)
    row = WebhookDelivery.objects.get()
    assert (shown["id"], shown["event_type"], shown["state"]) == (row.pk, "ping", "pending")
    assert json.loads(row.body)["id"] == shown["event_id"]


def test_nothing_is_queued_for_an_endpoint_that_is_off(endpoint, delivery, front):
    webhooks_out.disable(endpoint)
    mona, one = front("mona"), f"webhook-endpoints/{endpoint.pk}"
    answers = [
        mona.post(f"{one}/test/", {}, status=409),
        mona.post(f"{one}/replay/", {"since": "2026-01-01T00:00:00Z"}, status=409),
        mona.post(f"webhook-deliveries/{delivery.pk}/replay/", {}, status=409),
    ]
    assert {answer["code"] for answer in answers} == {"switched_off"}
    delivery.refresh_from_db()
    assert (delivery.state, WebhookDelivery.objects.count()) == ("failed", 1)


def test_the_log_is_paged_and_narrowed_by_state(acme, endpoint, front):
    rows = make_deliveries(acme, 5)
    WebhookDelivery.objects.filter(pk=rows[0].pk).update(state=State.DELIVERED)
    mona, one = front("mona"), f"webhook-endpoints/{endpoint.pk}/deliveries/"
    page = mona.get(f"{one}?limit=3")
    assert [row["id"] for row in page["results"]] == [row.pk for row in rows[:1:-1]]
    rest = mona.get(page["next"].partition("/api/v1/")[2])
    assert [row["id"] for row in rest["results"]] == [rows[1].pk, rows[0].pk]
    assert [row["id"] for row in mona.get(f"{one}?state=delivered")["results"]] == [rows[0].pk]
    assert "body" not in page["results"][0]
    mona.get(f"{one}?state=lost", expect=400)
    mona.get(f"{one}?state=%00", expect=400)


def test_the_log_of_one_endpoint_is_not_that_of_another(acme, endpoint, front):
    other = webhooks_out.create(client=acme.client, url=URL)
    webhooks_out.ping(other, now=timezone.now())
    assert front("mona").get(f"webhook-endpoints/{endpoint.pk}/deliveries/")["results"] == []


def test_a_delivery_shows_the_body_that_is_sent(delivery, front):
    shown = front("mona").get(f"webhook-deliveries/{delivery.pk}/")
    assert shown["body"] == delivery.body
    assert json.loads(shown["body"])["id"] == shown["event_id"]


def test_a_delivery_is_put_back_with_its_id(delivery, front):
    WebhookDelivery.objects.update(attempts=10, error="HTTP 500", http_status=500)
    shown = front("mona").post(f"webhook-deliveries/{delivery.pk}/replay/", {}, status=202)
    assert (shown["state"], shown["attempts"], shown["error"]) == ("pending", 0, "")
    assert shown["event_id"] == str(delivery.event_id)


def test_many_are_replayed_a_bounded_number_at_a_time(endpoint, front):
    rows = [WebhookDelivery(endpoint=endpoint, state=State.FAILED, body="{}") for _ in range(1002)]
    WebhookDelivery.objects.bulk_create(rows)
    mona, one = front("mona"), f"webhook-endpoints/{endpoint.pk}/replay/"
    body = {"since": (timezone.now() - timedelta(hours=1)).isoformat()}
    assert mona.post(one, body, status=202) == {"replayed": 1000, "more": True}
    left = WebhookDelivery.objects.filter(state=State.FAILED).values_list("pk", flat=True)
    assert sorted(left) == [row.pk for row in rows[1000:]]
    assert mona.post(one, body, status=202) == {"replayed": 2, "more": False}
    assert not left.all().exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ({"since": 5}, "since"),
        ({"since": "2026-01-01T00:00:00Z", "state": "pending"}, "state"),
    ],
    ids=str,
)
def test_a_replay_says_since_when_and_what(endpoint, front, body, field):
    answer = front("mona").post(f"webhook-endpoints/{endpoint.pk}/replay/", body, status=400)
    assert list(errors(answer)) == [field]


def test_a_deleted_endpoint_takes_its_log_along(endpoint, delivery, front):
    front("mona").ask("DELETE", f"webhook-endpoints/{endpoint.pk}/", status=204)
    assert not WebhookDelivery.objects.exists()


def test_an_unreadable_secret_breaks_no_page(endpoint, delivery, front, settings):
    settings.FIELD_ENCRYPTION_KEYS = ["b3RoZXIta2V5LWZvci10ZXN0cy1vdGhlci1rZXktISE="]
    mona = front("mona")
    assert mona.get("webhook-endpoints/")["results"][0]["id"] == endpoint.pk
    mona.get(f"webhook-deliveries/{delivery.pk}/")
    secret = mona.post(f"webhook-endpoints/{endpoint.pk}/rotate-secret/", {})["secret"]
    endpoint.refresh_from_db()
    assert endpoint.secret == secret


def test_endpoints_of_two_clients_keep_apart(acme, endpoint, people):
    outsider = make_user("olga", make_rows("Third").client, Role.MANAGER)
    assert not WebhookEndpoint.objects.visible_to(outsider).exists()
