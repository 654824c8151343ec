"""Whatever stands in an address, no page of the admin breaks."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils.http import urlencode

from accounts.middleware.clean_queries import without_nuls
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival, static_files_as_they_are  # noqa: F401

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="PostgreSQL refuses more; once is long enough"
)
# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
HOSTILE = {
    "a NUL": "a%00b",
    "a surrogate": "%ED%A0%BD",
    "a large number": "9" * 20,
    "a negative number": "-" + "9" * 20,
}
PLACES = {
    "nothing": "",
    "a number no parser takes": "9" * 5000,
    "a list": "1,2,%00,x," + "9" * 30,
    "another alphabet's digit": "%C2%B2",
    "older than a place": "older." + "9" * 30 + "." + "9" * 30,
    "newer than a place": "newer.-" + "9" * 17 + ".-" + "9" * 30,
    "brackets": "%5B%5D%27%22%25_%5C",
    "the last month": "9999-12",
}
OWN = (SEARCH_VAR, ORDER_VAR, PAGE_VAR)
LISTS = sorted(model._meta.label_lower for model in admin.site._registry)
PAGES = {
    "admin:index": ("client",),
    "admin-diagnosis": ("client", "line"),
    "admin:messaging_conversation_rows": ("ids", "current", "q", "p"),
}
PAGES_OF_A_ROW = {
    "admin:messaging_conversation_change": ("before", "after", "message", "_changelist_filters"),
    "admin:messaging_conversation_lines": ("before", "after", "ids"),
    "admin:media_mediafile_change": ("_changelist_filters",),
}


def asked(browser: Browser, address: str) -> int:
    return int(browser.get(address).status_code)


def broken(browser: Browser, address: str, names: Any, word: str) -> Iterator[tuple[str, int]]:
    for name in names:
        status = asked(browser, f"{address}?{name}={word}")
        if status >= 500:
            yield name, status


def names_of(label: str, browser: Browser, address: str) -> set[str]:
    specs = browser.get(address).context["cl"].filter_specs
    return {*OWN, *(name for spec in specs for name in spec.expected_parameters() if name)}


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("label", LISTS)
def test_no_list_breaks(label: str, word: str, acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    options = apps.get_model(label)._meta
    browser = browser_of("root")
    address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    assert list(broken(browser, address, names_of(label, browser, address), word)) == []


@pytest.mark.parametrize("word", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("label", ["media.mediafile", "messaging.conversation"])
def test_no_large_list_breaks(label: str, word: str, acme: Rows, browser_of: LogIn) -> None:
    options = apps.get_model(label)._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    names = (SEARCH_VAR, PAGE_VAR, "month", "conversation", "label")
    assert list(broken(browser_of("mona"), address, names, word)) == []


@pytest.mark.parametrize("word", [*HOSTILE.values(), *PLACES.values()], ids=[*HOSTILE, *PLACES])
def test_no_page_breaks(word: str, acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("mona")
    for name, parameters in PAGES.items():
        assert list(broken(browser, reverse(name), parameters, word)) == []


@pytest.mark.parametrize("word", [*HOSTILE.values(), *PLACES.values()], ids=[*HOSTILE, *PLACES])
def test_no_page_of_a_row_breaks(word: str, acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("mona")
    rows = {"conversation": acme.conversation, "mediafile": acme.media_file}
    for name, parameters in PAGES_OF_A_ROW.items():
        address = reverse(name, args=[rows[name.split("_")[1]].pk])
        assert list(broken(browser, address, parameters, word)) == []


def test_filters_that_a_page_remembers_are_cleaned_too(acme: Rows, browser_of: LogIn) -> None:
    kept = urlencode({"_changelist_filters": "q=a%00b&status__exact=%00"})
    address = reverse("admin:messaging_conversation_change", args=[acme.conversation.pk])
    assert asked(browser_of("mona"), f"{address}?{kept}") == 200


@pytest.mark.parametrize("label", LISTS)
@pytest.mark.parametrize("key", ["%00", "9" * 30, "%ED%A0%BD"])
def test_no_address_of_a_row_breaks(label: str, key: str, browser_of: LogIn) -> None:
    options = apps.get_model(label)._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    assert asked(browser_of("root"), f"{address}{key}/change/") < 500


@pytest.mark.parametrize("term", HOSTILE.values(), ids=HOSTILE)
def test_no_search_for_a_choice_breaks(term: str, browser_of: LogIn) -> None:
    fields = "app_label=messaging&model_name=conversation&field_name=instance"
    assert asked(browser_of("root"), f"{reverse('admin:autocomplete')}?{fields}&term={term}") < 500


@pytest.mark.parametrize("chosen", ["x", "9" * 30, "-1", "\x00"])
def test_no_row_that_is_none_breaks_an_action(chosen: str, acme: Rows, browser_of: LogIn) -> None:
    for label, action in (
        ("media_mediafile", "download_again_action"),
        ("messaging_webhookevent", "process_again_action"),
    ):
        address = reverse(f"admin:{label}_changelist") + "?view=ledger"
        posted = browser_of("root").post(
            address, {"action": action, "_selected_action": chosen, "index": "0"}
        )
        assert posted.status_code < 500


def test_what_stood_around_a_nul_makes_no_other_one() -> None:
    assert without_nuls("q=%0%0000%00&p=%2500") == "q=0&p=%2500"
