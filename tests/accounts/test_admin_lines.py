from datetime import timedelta
from typing import Any

import pytest
import responses
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.services import SILENT, webhook_url
from media.models import FetchAttempt
from messaging.models import OutboxItem
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    make_media_file,
    make_message,
    people,
    rival,
    static_files_as_they_are,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
LIST = "/admin/accounts/whatsappinstance/"
WAPI = "https://api.w-api.app/v1"
ADDRESSES = {
    "webhookReceivedUrl": "received",
    "webhookDeliveryUrl": "delivery",
    "webhookStatusUrl": "message-status",
    "webhookConnectedUrl": "connected",
    "webhookDisconnectedUrl": "disconnected",
}


def page(instance: WhatsappInstance) -> str:
    return f"{LIST}{instance.pk}/change/"


def do(instance: WhatsappInstance, slug: str) -> str:
    return reverse("admin:accounts_whatsappinstance_act", args=[instance.pk, slug])


def read(browser_of: LogIn, address: str, name: str = "mona", **query: Any) -> str:
    response = browser_of(name).get(address, query)
    assert response.status_code == 200
    return str(response.content.decode())


def cards(browser_of: LogIn, name: str = "bob", **query: Any) -> list[Any]:
    return list(browser_of(name).get(LIST, query).context["cards"])


def told(instance: WhatsappInstance, **others: str) -> dict[str, str]:
    """What W-API says of its webhooks: ours, but for what the test says."""
    return {"instanceId": instance.instance_id} | dict.fromkeys(ADDRESSES, webhook_url(instance)) | others


def test_a_card_tells_todays_traffic_and_how_files_come(acme: Rows, browser_of: LogIn) -> None:
    make_message(acme.conversation, direction="outbound")
    make_message(acme.conversation, sent_at=timezone.now() - timedelta(days=2))
    [card] = cards(browser_of)
    assert (card.inbound, card.outbound) == (1, 1)
    assert [(rate.strategy, rate.percent, rate.tone) for rate in card.rates] == [("cdn", 0, "bad")]
    assert [(one.count, one.word) for one in card.backlog] == [("1", "webhook failed")]


def test_a_card_tells_what_waits_and_leads_there(acme: Rows, browser_of: LogIn) -> None:
    make_media_file(acme.instance)
    for state in ("pending", "unknown", "failed"):
        facts = {"instance": acme.instance, "conversation": acme.conversation, "message": acme.message}
        OutboxItem.objects.create(action="read", state=state, **facts)
    [card] = cards(browser_of)
    words = ["file waits", "send waits", "send in doubt", "send failed", "webhook failed"]
    assert [one.word for one in card.backlog] == words
    for one in card.backlog:
        assert browser_of("bob").get(one.address).context["cl"].result_count == 1


def test_cards_tell_nothing_of_other_clients(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    make_message(rival.conversation)
    assert [card.line for card in cards(browser_of, "alice")] == [acme.instance]
    assert [card.inbound for card in cards(browser_of, "alice")] == [1]
    assert "Rival" not in read(browser_of, LIST, "alice")


def test_more_lines_cost_no_more_queries(acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("mona")
    with CaptureQueriesContext(connection) as few:
        browser.get(LIST)
    for number in range(20):
        line = WhatsappInstance.objects.create(
            client=acme.client, name=f"L{number}", provider="wapi", instance_id=f"l{number}"
        )
        FetchAttempt.objects.create(
            media_file=make_media_file(line), strategy="cdn", started_at=timezone.now(), outcome="ok"
        )
    with CaptureQueriesContext(connection) as many:
        browser.get(LIST)
    assert len(many) == len(few) <= 16


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"alarm": "The token was refused."}, "The token was refused."),
        ({"status": "disconnected"}, "The line is disconnected."),
        ({"webhooks_astray": True}, "Its webhooks do not come here."),
        ({"alarm": SILENT}, SILENT),
        ({"created_at": timezone.now() - timedelta(hours=30)}, "No webhook has ever arrived."),
    ],
)
def test_a_line_in_trouble_says_why_and_is_found(
    facts: dict[str, Any], reason: str, acme: Rows, browser_of: LogIn
) -> None:
    assert cards(browser_of, needs="nobody")
    WhatsappInstance.objects.filter(pk=acme.instance.pk).update(**facts)
    assert [card.reasons for card in cards(browser_of, needs="person")] == [[reason]]
    assert reason in read(browser_of, page(acme.instance), "bob")
    assert reason in read(browser_of, "/admin/", "bob")


def test_a_line_that_is_switched_off_raises_no_alarm(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.update(is_active=False, alarm="Old.", status="disconnected")
    [card] = cards(browser_of)
    assert (card.state, card.reasons, card.pair_address) == ("switched off", [], "")


def test_a_hostile_name_is_only_text(acme: Rows, browser_of: LogIn) -> None:
    name = "<script>alert(1)</script>\u202egnp"
    WhatsappInstance.objects.update(name=name, alarm="<img src=x onerror=alert(1)>")
    for address in (LIST, page(acme.instance), "/admin/"):
        text = read(browser_of, address)
        assert "<script>alert" not in text
        assert "<img src=x" not in text


@pytest.mark.parametrize(
    ("name", "offered"), [("root", True), ("mona", True), ("alice", False), ("bob", False)]
)
def test_only_managers_pair(name: str, offered: bool, acme: Rows, browser_of: LogIn) -> None:
    assert ("data-pairing" in read(browser_of, page(acme.instance), name)) is offered
    [card] = [card for card in cards(browser_of, name) if card.line == acme.instance]
    assert bool(card.pair_address) is offered


def test_a_cloud_line_is_not_paired(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.update(provider="cloud")
    text = read(browser_of, page(acme.instance))
    assert "data-pairing" not in text
    assert "/do/restart/" not in text
    assert browser_of("mona").post(do(acme.instance, "restart")).status_code == 302


@pytest.mark.parametrize("slug", ["restart", "disconnect", "read-webhooks", "webhooks", "rotate"])
@pytest.mark.parametrize(("name", "status"), [("alice", 403), ("bob", 403), ("charlie", 404)])
def test_only_managers_act_on_a_line(
    slug: str, name: str, status: int, acme: Rows, browser_of: LogIn
) -> None:
    assert browser_of(name).post(do(acme.instance, slug)).status_code == status


@responses.activate
def test_a_manager_restarts_and_disconnects(acme: Rows, browser_of: LogIn) -> None:
    responses.get(f"{WAPI}/instance/restart", json={"error": False})
    responses.get(f"{WAPI}/instance/disconnect", json={"error": False})
    browser = browser_of("mona")
    assert "The line restarts" in browser.post(do(acme.instance, "restart"), follow=True).content.decode()
    browser.post(do(acme.instance, "disconnect"))
    acme.instance.refresh_from_db()
    assert acme.instance.status == "disconnected"


@responses.activate
@pytest.mark.parametrize("slug", ["check", "restart", "disconnect", "read-webhooks"])
def test_a_provider_that_fails_is_a_sentence(slug: str, acme: Rows, browser_of: LogIn) -> None:
    for path in ("status-instance", "restart", "disconnect", "fetch-instance"):
        responses.get(f"{WAPI}/instance/{path}", status=500, body="<html>oh no")
    text = browser_of("mona").post(do(acme.instance, slug), follow=True).content.decode()
    assert "The provider does not answer as it should" in text


@responses.activate
def test_webhooks_that_go_elsewhere_are_shown_and_raise_an_alarm(acme: Rows, browser_of: LogIn) -> None:
    secret = "https://rival.example/webhook/key-of-theirs/"
    answer = told(acme.instance, webhookReceivedUrl=secret, webhookStatusUrl="")
    responses.get(f"{WAPI}/instance/fetch-instance", json=answer)
    text = browser_of("mona").post(do(acme.instance, "read-webhooks"), follow=True).content.decode()
    assert [word for word in ("goes to rival.example", "not set", "comes here") if word not in text] == []
    assert "key-of-theirs" not in text
    assert cards(browser_of)[0].reasons == ["Its webhooks do not come here."]


@responses.activate
def test_webhooks_that_come_here_end_the_alarm(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.update(webhooks_astray=True)
    responses.get(f"{WAPI}/instance/fetch-instance", json=told(acme.instance))
    browser_of("mona").post(do(acme.instance, "read-webhooks"))
    acme.instance.refresh_from_db()
    assert (acme.instance.webhooks_astray, set(acme.instance.webhook_slots.values())) == (False, {"ours"})


def test_a_new_key_forgets_where_webhooks_went(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.update(webhook_slots={"received": "ours"}, webhooks_read_at=timezone.now())
    browser_of("mona").post(do(acme.instance, "rotate"))
    acme.instance.refresh_from_db()
    assert (acme.instance.webhook_slots, acme.instance.webhooks_read_at) == ({}, None)


def test_only_managers_see_where_webhooks_go(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.update(
        webhook_slots={"received": "at x.example"}, webhooks_read_at=timezone.now()
    )
    assert "goes to x.example" in read(browser_of, page(acme.instance))
    assert "x.example" not in read(browser_of, page(acme.instance), "alice")
