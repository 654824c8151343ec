"""Every page, opened without a login, by another client's people, by a viewer, by its own people, and by root.

The pages come from the URL configuration: a new one is opened like all others, without a line here.
"""

import re

import pytest
from django.contrib import admin
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import AuditEntry, Client, Membership, Role, WhatsappInstance
from tests.admin.asking import ACME, OF_ROWS, refused, statuses, tells_nothing, told, writes, wrong
from tests.admin.routes import admin_of, pages
from tests.admin.rows import furnish, row_of
from tests.api.rows import snapshot
from tests.tenants import make_rows

pytestmark = [pytest.mark.once, pytest.mark.django_db]

ALL = pages()
OPEN = {"/", "/admin/login/", "/admin/logout/", "/admin/jsi18n/", "/admin/no-such-page/"}
CLOSED = [page for page in ALL if str(page) not in OPEN]
OF_OBJECTS = [page for page in CLOSED if page.has_object]
OF_MODELS = [page for page in OF_OBJECTS if page.model]
LISTS = [page for page in CLOSED if page.is_list]
WITHOUT_OBJECT = [page for page in CLOSED if not page.has_object]
STRANGERS = ("charlie", "olga", "stan")
FOR_ROOT = {"accounts.user", "axes.accessattempt"}
FOR_MANAGERS = {
    *("accounts.auditentry", "messaging.webhookendpoint", "messaging.webhookdelivery"),
    *("messaging.export", "messaging.legalhold", "messaging.purgereceipt"),
}


def test_there_are_pages_of_every_kind():
    assert len(LISTS) >= 10
    assert len(OF_OBJECTS) > 60
    assert {str(page) for page in ALL} >= OPEN


def test_without_a_login_no_page_opens(acme, people):
    assert wrong(CLOSED, lambda page: refused(Browser().get(page.address(acme)))) == {}
    assert wrong(CLOSED, lambda page: refused(Browser().post(page.address(acme)))) == {}


@pytest.mark.parametrize("name", STRANGERS)
def test_another_clients_people_open_no_page_of_an_object(name, acme, browser_of):
    browser = browser_of(name)
    assert wrong(OF_OBJECTS, lambda page: refused(browser.get(page.address(acme)))) == {}


@pytest.mark.parametrize("name", STRANGERS)
def test_pages_tell_another_clients_people_nothing(name, acme, browser_of):
    browser = browser_of(name)
    assert wrong(WITHOUT_OBJECT, lambda page: tells_nothing(browser.get(page.address(acme)))) == {}


def test_nobody_changes_another_clients_object(acme, browser_of):
    browser = browser_of("charlie")

    def answer(page):
        with writes() as written:
            response = browser.post(page.address(acme), {"post": "yes", "name": "Taken", "confirmed": "1"})
        return refused(response) or ", ".join(written)

    assert wrong(OF_OBJECTS, answer) == {}


def test_actions_leave_another_clients_rows_alone(acme, browser_of):
    browser = browser_of("charlie")

    def answer(page):
        pk = row_of(page.model, acme).pk
        for name in _actions_of(page.model):
            for more in ({}, {"confirmed": "1"}, {"confirmed": "1", "select_across": "1"}):
                chosen = {"action": name, "_selected_action": [pk]} | more
                trouble = tells_nothing(browser.post(f"{page.address(acme)}?q=", chosen))
                if trouble:
                    return f"{name}: {trouble}"
        return ""

    before = snapshot(acme)
    assert wrong(LISTS, answer) == {}
    assert snapshot(acme) == before


def _actions_of(label):
    return [name if isinstance(name, str) else name.__name__ for name in admin_of(label).actions or ()]


def test_nothing_can_be_added_to_another_client(acme, browser_of):
    browser = browser_of("charlie")
    facts = {
        "client": acme.client.pk, "instance": acme.instance.pk, "conversation": acme.conversation.pk,
        "name": "Taken", "provider": "wapi", "instance_id": "taken", "new_token": "t", "is_active": "on",
        "url": "https://taken.example.com/", "phone": "5511900009999", "reason": "taken",
    }  # fmt: skip

    def answer(page):
        with writes() as written:
            response = browser.post(page.address(acme), facts)
        return tells_nothing(response) or ", ".join(written)

    adding = [page for page in WITHOUT_OBJECT if page.act in ("add", "new")]
    assert wrong(adding, answer) == {}


def test_filters_by_another_clients_rows_find_nothing(acme, browser_of):
    browser = browser_of("charlie")

    def answer(page):
        for query in _filters_of(page.model, acme):
            trouble = tells_nothing(browser.get(page.address(acme), query))
            if trouble:
                return f"{query}: {trouble}"
        return ""

    assert wrong(LISTS, answer) == {}


def _filters_of(label, rows):
    """Each filter of the list with what it may take of the client's."""
    conversation = rows.conversation.pk
    values = {row_of("accounts.user", rows).pk, conversation, f"messaging.conversation:{conversation}"}
    ids = {"client": rows.client.pk, "instance": rows.instance.pk}
    for one in admin_of(label).list_filter:
        field = one[0] if isinstance(one, tuple) else one
        if isinstance(field, str):
            yield {f"{field}__id__exact": ids.get(field.split("__")[-1], conversation)}
        else:
            yield from ({field.parameter_name: value} for value in values)


def test_searches_find_nothing_of_another_client(acme, browser_of):
    browser = browser_of("charlie")
    lists = [*LISTS, *(page for page in WITHOUT_OBJECT if page.act == "rows")]
    answers = lambda page: tells_nothing(browser.get(page.address(acme), {"q": "Acme"}), secret=OF_ROWS)  # noqa: E731
    assert wrong(lists, answers) == {}


def test_fields_that_complete_themselves_offer_nothing_of_another_client(acme, browser_of):
    browser = browser_of("charlie")
    address = reverse("admin:autocomplete")
    for model in admin.site._registry:
        for field in model._meta.get_fields():
            if not field.auto_created and field.is_relation:
                names = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
                response = browser.get(address, names | {"field_name": field.name, "term": ""})
                assert not tells_nothing(response), f"{model} {field}"


def test_what_is_counted_is_of_ones_own_client(acme, browser_of):
    """Another client's rows change no figure: what a page says is the same before and after."""
    browser = browser_of("mona")
    chosen = [page for page in WITHOUT_OBJECT if "second-factor" not in page.path]
    before = {str(page): _settled(browser.get(page.address(acme))) for page in chosen}
    for name in ("Third", "Fourth"):
        furnish(make_rows(name))
    after = {str(page): _settled(browser.get(page.address(acme))) for page in chosen}
    assert [page for page in before if before[page] != after[page]] == []


def _settled(response):
    """Without what differs from one answer to the next anyway."""
    text = re.sub(
        r'name="key" value="[^"]*"|(csrfmiddlewaretoken" value|nonce)="[^"]*"', "", response.content.decode()
    )
    text = re.sub(r'"cursor": "\d+"|<time.*?</time>', "", text, flags=re.DOTALL)
    return response.status_code, re.sub(r"\d+\xa0\w+ ago|\bnow\b|request_id\W+\w+", "", text)


@pytest.mark.parametrize("name", ["bob", "alice"])
def test_its_own_people_open_its_pages(name, acme, browser_of):
    """Or else the refusals of others would say nothing."""
    readable = [
        page for page in CLOSED if page.is_list or page.act in ("<object_id>", "change", "lines", "panel")
    ]
    closed = FOR_ROOT | FOR_MANAGERS
    refusals = lambda page: (302, 403) if page.model in closed else (200, 302)  # noqa: E731
    own = [page for page in readable if page.model != "accounts.apitoken" or page.is_list]
    assert statuses(browser_of(name), own, acme, refusals) == {}


def test_managers_open_every_page_of_their_client_but_the_administrators_ones(acme, browser_of):
    allowed = lambda page: (302, 403) if page.model in FOR_ROOT else _opens(page)  # noqa: E731
    assert statuses(browser_of("mona"), [*OF_MODELS, *LISTS], acme, allowed) == {}


def test_its_own_rows_are_found_on_the_pages(acme, browser_of):
    browser = browser_of("mona")
    found = [str(page) for page in LISTS if ACME.search(told(browser.get(page.address(acme))))]
    assert len(found) >= 8


def test_administrators_open_every_page(acme, browser_of):
    assert statuses(browser_of("root"), CLOSED, acme, _opens) == {}


def _opens(page):
    """Verbs are not asked for by GET, some rows cannot be added or deleted, and an export in waiting has no content."""
    if page.is_list or (page.model and page.act == "change"):
        return (200,)
    known = page.model and page.act != "content"
    return (200, 302, 403, 405) if known else (200, 302, 400, 403, 404, 405)


def test_a_viewer_changes_nothing(acme, browser_of):
    browser = browser_of("bob")

    def answer(page):
        with writes() as written:
            status = browser.post(page.address(acme), {"post": "yes", "name": "Taken"}).status_code
        return ", ".join(written) or (status if status >= 500 else "")

    assert wrong(OF_MODELS, answer) == {}


def test_the_pages_of_a_client_that_is_switched_off_are_closed(acme, browser_of):
    Client.objects.filter(pk=acme.client.pk).update(is_active=False)
    browser = browser_of("mona")
    assert wrong(OF_OBJECTS, lambda page: refused(browser.get(page.address(acme)))) == {}


def test_who_stopped_working_for_a_client_opens_nothing_of_it(acme, browser_of, people):
    browser = browser_of("mona")
    Membership.objects.filter(user=people["mona"]).delete()
    mine = re.compile(r"acme|\b(alice|bob)\b", re.IGNORECASE)
    assert wrong(CLOSED, lambda page: tells_nothing(browser.get(page.address(acme)), secret=mine)) == {}


def test_the_trail_of_one_client_is_not_the_others(acme, rival, browser_of):
    assert AuditEntry.objects.filter(client=acme.client).exists()
    text = told(browser_of("charlie").get(reverse("admin:accounts_auditentry_changelist")))
    assert "Rival line" in text
    assert "Acme" not in text


def test_roles_cover_the_pages():
    """Otherwise the sets above name models that are gone."""
    known = {model._meta.label_lower for model in admin.site._registry}
    assert known >= FOR_ROOT | FOR_MANAGERS
    assert Role.MANAGER and WhatsappInstance._meta.label_lower in known
