"""Which language a person reads, and that every page speaks it."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts.admin.trouble import reasons
from accounts.languages import in_language
from accounts.models import User, WhatsappInstance
from media.services.diagnosing.files import rate_findings
from messaging.models import WebhookDelivery, WebhookEndpoint
from messaging.services.sending.checking import check_length
from messaging.services.sending.drafting import NotSendable
from messaging.templatetags.inbox import day_name
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    make_message,
    people,
    rival,
    static_files_as_they_are,
)

pytestmark = pytest.mark.once
# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
CHOOSE = reverse("set_language")
in_both = pytest.mark.parametrize("language", ["pt-br", "fr"])
# What pages say in English, by the page that says it; names of the rows are none of it.
PAGES = {
    "/admin/": ("Media files per hour", "Needs a person", "Overview", "Backlog"),
    "/admin/diagnosis/": ("Diagnosis", "Findings", "No webhook has come yet"),
    "/admin/messaging/conversation/": ("Unread", "Mine", "Filter", "Search names"),
    "/admin/media/mediafile/?view=ledger": ("Download again", "Not here", "gone at the source"),
    "/admin/accounts/whatsappinstance/": ("Last event", "In today", "not known yet"),
    "/admin/messaging/webhookevent/": ("Process again", "Webhook events", "failed"),
    "/admin/messaging/outboxitem/": ("Nothing has been sent", "Outbox items"),
    "/admin/password_change/": ("Change password", "Log out"),
}


@pytest.fixture(autouse=True)
def back_to_english() -> Iterator[None]:
    """A request leaves its thread in the language of its answer."""
    with translation.override("en"):
        yield


def language_of(page: Any) -> str:
    found = re.search(r'<html lang="([\w-]+)"', page.content.decode())
    return found[1] if found else ""


def words(page: Any) -> str:
    """Without markup and scripts."""
    return re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page.content.decode(), flags=re.DOTALL)


def read_in(browser_of: LogIn, language: str, name: str = "root") -> Browser:
    User.objects.filter(username=name).update(language=language)
    return browser_of(name)


def addresses(rows: Rows) -> Iterator[str]:
    """Every list and form of the admin, and a page of each row."""
    for model in admin.site._registry:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{base}_changelist")
        yield reverse(f"{base}_add")
    for row in rows.all():
        yield reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.mark.parametrize(
    "asked, given", [("pt", "pt-br"), ("fr-CA", "fr"), ("de, fr;q=0.5", "fr"), ("de", "en")]
)
def test_a_stranger_reads_what_the_browser_asks_for(db: None, asked: str, given: str) -> None:
    page = Browser(headers={"accept-language": asked}).get("/admin/login/")
    assert language_of(page) == given
    assert page["Content-Language"] == given


@pytest.mark.parametrize("read", ["en", "pt-br", "fr"])
def test_the_login_page_offers_every_language_in_its_own_words(db: None, read: str) -> None:
    page = Browser().get("/admin/login/", headers={"accept-language": read}).content.decode()
    assert all(name in page for name in ("English", "Português (Brasil)", "Français"))


def test_a_choice_before_login_is_kept_by_the_browser(db: None) -> None:
    browser = Browser()
    answer = browser.post(CHOOSE, {"language": "fr", "next": "/admin/login/"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/")
    assert language_of(browser.get("/admin/login/")) == "fr"


def test_a_choice_follows_the_person_to_every_browser(browser_of: LogIn) -> None:
    browser_of("bob").post(CHOOSE, {"language": "fr", "next": "/admin/"})
    assert User.objects.get(username="bob").language == "fr"
    elsewhere = browser_of("bob")
    page = elsewhere.get("/admin/", headers={"accept-language": "pt-BR"})
    assert (language_of(page), page["Content-Language"]) == ("fr", "fr")
    assert language_of(browser_of("alice").get("/admin/")) == "en"


@pytest.mark.parametrize("asked", ["de", "xx", "", "../..", "pt-br\0"])
def test_an_unknown_language_is_refused_politely(browser_of: LogIn, asked: str) -> None:
    browser = read_in(browser_of, "fr", "bob")
    page = browser.post(CHOOSE, {"language": asked, "next": "/admin/"}, follow=True)
    assert "pas de pages dans cette langue" in page.content.decode()
    assert User.objects.get(username="bob").language == "fr"


def test_a_choice_leads_nowhere_else(browser_of: LogIn) -> None:
    answer = browser_of("bob").post(CHOOSE, {"language": "fr", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"
    assert browser_of("bob").get(CHOOSE).status_code == 405


def test_a_language_that_went_away_leaves_the_pages_readable(browser_of: LogIn) -> None:
    assert language_of(read_in(browser_of, "tlh", "bob").get("/admin/")) == "en"


@in_both
@pytest.mark.parametrize("address", PAGES)
def test_no_english_is_left_on_a_page(browser_of: LogIn, language: str, address: str) -> None:
    WhatsappInstance.objects.filter(name="Acme line").update(status="disconnected")
    english = words(browser_of("root").get(address))
    assert [word for word in PAGES[address] if word not in english] == []
    page = read_in(browser_of, language).get(address)
    assert language_of(page) == language
    assert [word for word in PAGES[address] if word in words(page)] == []


@in_both
def test_every_page_opens(browser_of: LogIn, acme: Rows, language: str) -> None:
    browser = read_in(browser_of, language)
    endpoint = WebhookEndpoint.objects.create(client=acme.client, url="https://hook.example/")
    WebhookDelivery.objects.create(endpoint=endpoint, event_type="message.created", body="{}")
    broken = {address: browser.get(address).status_code for address in addresses(acme)}
    assert {address: status for address, status in broken.items() if status not in (200, 302, 403)} == {}


@in_both
def test_shapes_are_drawn_with_points(browser_of: LogIn, acme: Rows, language: str) -> None:
    """A comma, as both languages write numbers, would end a coordinate."""
    for _ in range(3):
        make_message(acme.conversation, text="hello")
    page = read_in(browser_of, language).get("/admin/").content.decode()
    drawn = re.findall(r'(?:x|y|width|height|viewBox)="([^"]*)"', page)
    assert any("." in number for number in drawn)
    assert [number for number in drawn if "," in number] == []


@pytest.mark.parametrize(
    "language, told",
    [
        ("en", "The line is disconnected."),
        ("pt-br", "A linha está desconectada."),
        ("fr", "La ligne est déconnectée."),
    ],
)
def test_an_alarm_is_stored_in_english_and_read_in_any_language(acme: Rows, language: str, told: str) -> None:
    acme.instance.alarm = "The line is disconnected."
    with translation.override(language):
        assert list(reasons(acme.instance, timezone.now()))[0] == told
        assert in_language("401: what the provider said") == "401: what the provider said"


@pytest.mark.parametrize(
    "language, told", [("pt-br", "indisponível por ora"), ("fr", "indisponible pour le moment")]
)
def test_a_diagnosis_names_the_cause_in_words(language: str, told: str) -> None:
    row = {"strategy": "cdn", "attempts": 9, "ok": 0, "rate": 0.0, "outcomes": {"unavailable": 9}}
    with translation.override(language):
        [finding] = rate_findings(WhatsappInstance(name="Sales"), [row])
    assert told in finding.text


def test_a_name_of_either_gender_fits_what_is_said_of_a_row() -> None:
    with translation.override("pt-br"):
        told = gettext("The {name} “{obj}” was added successfully.")
    assert told.format(name="regra de retenção", obj="12") == "Adição concluída: regra de retenção “12”."


@in_both
def test_why_something_is_not_sent_is_told_to_the_person_who_sends(language: str) -> None:
    with translation.override(language), pytest.raises(NotSendable) as told:
        check_length("four", 3)
    assert "3 caract" in told.value.detail
    assert told.value.code == "too_long"


@pytest.mark.parametrize(
    "language, told",
    [("en", "Thursday, 5 March"), ("pt-br", "quinta-feira, 5 de março de"), ("fr", "jeudi 5 mars")],
)
def test_days_are_named_as_each_language_does(language: str, told: str) -> None:
    with translation.override(language):
        assert day_name(date(2020, 3, 5)).lower() == f"{told} 2020".lower()


@in_both
def test_scripts_are_told_their_words(browser_of: LogIn, acme: Rows, language: str) -> None:
    page = read_in(browser_of, language).get(f"/admin/messaging/conversation/{acme.conversation.pk}/change/")
    told = page.context["config"]["words"]
    english = browser_of("alice").get("/admin/messaging/conversation/").context["config"]["words"]
    same = {name for name, word in told.items() if word == english[name]}
    assert same <= {"hours", "minutes", "position", "pause"}
