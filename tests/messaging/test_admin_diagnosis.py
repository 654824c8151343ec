from datetime import timedelta
from typing import Any

import pytest
import responses
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Client, Membership, User, WhatsappInstance
from media.models import FetchAttempt, MediaFile, StrategyHealth
from messaging.admin.diagnosis import LINES_AT_ONCE
from messaging.models import Gap, RefusedWebhook, SendingLine, WebhookEvent
from tests.api.rows import furnish
from tests.tenants import (  # noqa: F401
    SECRETS,
    LogIn,
    Rows,
    acme,
    browser_of,
    people,
    rival,
    static_files_as_they_are,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
PAGE = "/admin/diagnosis/"


def read(browser_of: LogIn, name: str, **query: Any) -> str:
    response = browser_of(name).get(PAGE, query)
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.parametrize("name", ["bob", "alice", "mona"])
def test_people_of_a_client_read_of_its_lines_only(
    name: str, acme: Rows, rival: Rows, browser_of: LogIn
) -> None:
    text = read(browser_of, name)
    assert [word for word in ("Acme line", "Acme reason") if word not in text] == []
    assert [
        word for word in ("Rival", "SECRET_KEY", "worker", "MEDIA_ROOT", "database") if word in text
    ] == []


@pytest.mark.parametrize("query", ["client", "line"])
def test_another_clients_lines_cannot_be_chosen(
    query: str, acme: Rows, rival: Rows, browser_of: LogIn
) -> None:
    chosen = {"client": rival.client.pk, "line": rival.instance.pk}[query]
    assert "Rival" not in read(browser_of, "mona", **{query: chosen})
    assert "Rival" in read(browser_of, "root", **{query: chosen})


@pytest.mark.parametrize("text", ["x", "9" * 30, "²", "\x00", "-1"])
def test_a_foreign_choice_breaks_nothing(text: str, acme: Rows, browser_of: LogIn) -> None:
    assert "Acme line" in read(browser_of, "mona", client=text, line=text)


def test_an_administrator_reads_of_the_platform_too(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    text = read(browser_of, "root")
    assert [word for word in ("Acme line", "Rival line", "worker", "database") if word not in text] == []
    assert not [secret for secret in SECRETS if secret in text]


def test_refusals_of_nobodys_webhooks_are_for_administrators(acme: Rows, browser_of: LogIn) -> None:
    RefusedWebhook.objects.create(instance=None, day=timezone.now().date(), reason="unknown key", count=3)
    assert "unknown key" in read(browser_of, "root")
    assert "unknown key" not in read(browser_of, "mona")


@responses.activate
def test_only_a_post_asks_the_providers(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    read(browser_of, "alice")
    assert len(responses.calls) == 0
    assert browser_of("alice").post(PAGE).status_code == 200
    asked = {call.request.params.get("instanceId") for call in responses.calls}
    assert acme.instance.instance_id in asked
    assert rival.instance.instance_id not in asked


def test_who_only_looks_asks_nobody(acme: Rows, browser_of: LogIn) -> None:
    assert browser_of("bob").post(PAGE).status_code == 403
    assert "Ask the providers" not in read(browser_of, "bob")


def test_it_is_for_staff_with_a_client(acme: Rows, people: dict[str, User], browser_of: LogIn) -> None:
    Membership.objects.filter(user=people["bob"]).delete()
    assert browser_of("bob").get(PAGE).status_code == 403
    assert Browser().get(PAGE).status_code == 302
    assert browser_of("mona").put(PAGE).status_code == 405


def test_many_lines_are_shown_a_few_at_once_the_troubled_first(acme: Rows, browser_of: LogIn) -> None:
    for number in range(LINES_AT_ONCE + 5):
        WhatsappInstance.objects.create(
            client=acme.client, name=f"A{number}", provider="wapi", instance_id=f"a{number}"
        )
    WhatsappInstance.objects.create(
        client=acme.client, name="Zed", provider="wapi", instance_id="z", alarm="Broken."
    )
    response = browser_of("mona").get(PAGE)
    assert (len(response.context["lines"]), response.context["has_more"]) == (LINES_AT_ONCE, True)
    assert "Zed" in {line["name"] for line in response.context["lines"]}


def queries_for(browser_of: LogIn, name: str, *, asks: bool) -> int:
    browser = browser_of(name)
    with CaptureQueriesContext(connection) as seen:
        response = browser.post(PAGE) if asks else browser.get(PAGE)
    assert response.status_code == 200
    return len(seen)


@responses.activate
@pytest.mark.parametrize(("name", "asks"), [("root", False), ("alice", False), ("alice", True)])
def test_ten_lines_cost_as_many_queries_as_two(name: str, asks: bool, acme: Rows, browser_of: LogIn) -> None:
    furnish(acme)
    more_lines(acme, 1)
    of_two = queries_for(browser_of, name, asks=asks)
    more_lines(acme, 8)
    assert queries_for(browser_of, name, asks=asks) == of_two


def more_lines(rows: Rows, count: int) -> None:
    """Each with something of everything that the page tells."""
    now, first = timezone.now(), WhatsappInstance.objects.count()
    for number in range(first, first + count):
        name = f"Acme line {number}"
        line = WhatsappInstance.objects.create(
            client=rows.client,
            name=name,
            provider="wapi",
            instance_id=f"n{number}",
            token="t",
            alarm="Broken.",
        )
        WebhookEvent.objects.create(instance=line, body=b"{}", state="failed", error="ValueError: x")
        media = MediaFile.objects.create(
            instance=line, kind="image", state="failed", media_key="a2V5", chat_id="c"
        )
        FetchAttempt.objects.create(
            media_file=media, strategy="cdn", started_at=now, outcome="gone", duration=0.1
        )
        Gap.objects.create(instance=line, why="silent", started_at=now)
        StrategyHealth.objects.create(instance=line, strategy="cdn", closed_until=now + timedelta(hours=1))
        SendingLine.objects.create(instance=line, next_at=now + timedelta(hours=1), reason="Too many.")
        RefusedWebhook.objects.create(instance=line, day=now.date(), reason="too large", count=3)


def test_a_hostile_name_is_only_text(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.update(name="<script>alert(1)</script>", alarm="<img src=x onerror=alert(1)>")
    Client.objects.update(name="<script>alert(2)</script>")
    text = read(browser_of, "root")
    assert [bad for bad in ("<script>alert", "<img src=x") if bad in text] == []


def test_a_platform_without_lines_says_so(db: None) -> None:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("first"))
    assert "There is no instance." in browser.get(PAGE).content.decode()
