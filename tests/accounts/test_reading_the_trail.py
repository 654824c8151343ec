"""Reading the audit trail, in the admin and through the API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit import Action
from accounts.models import AuditEntry, User
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival, static_files_as_they_are

__all__ = ["acme", "browser_of", "people", "rival", "static_files_as_they_are"]

pytestmark = pytest.mark.django_db
TRAIL = "/admin/accounts/auditentry/"


@pytest.mark.parametrize(("name", "status"), [("alice", 403), ("bob", 403), ("mona", 200), ("root", 200)])
def test_managers_read_the_trail(name: str, status: int, acme: Rows, browser_of: LogIn) -> None:
    assert browser_of(name).get(TRAIL).status_code == status
    assert browser_of(name).get("/api/v1/audit/").status_code == status


def test_nobody_changes_the_trail(acme: Rows, people: dict[str, User], browser_of: LogIn) -> None:
    audit.note(Action.CLIENT_CHANGED, acme.client, by=people["mona"])
    pk, browser = AuditEntry.objects.get(action=Action.CLIENT_CHANGED).pk, browser_of("root")
    assert browser.post(f"{TRAIL}{pk}/change/", {"username": "x"}).status_code == 403
    assert browser.post(f"{TRAIL}{pk}/delete/", {"post": "yes"}).status_code == 403
    assert browser.delete(f"/api/v1/audit/{pk}/").status_code == 405


def page_of_trail(browser: Browser, **query: str) -> str:
    text = browser.get(TRAIL, query).content.decode()
    return text[text.index('id="changelist-form"') :] if 'id="changelist-form"' in text else text


def test_the_trail_is_narrowed_by_its_filters(acme: Rows, people: dict[str, User], browser_of: LogIn) -> None:
    audit.note(Action.CLIENT_CHANGED, acme.client, by=people["mona"], fields="first")
    old = timezone.now() - timedelta(days=40)
    audit.note(Action.MESSAGE_SENT, acme.conversation, by=people["alice"], at=old, message=acme.message.pk)
    browser = browser_of("mona")
    sent, changed = "Sent a message", "Changed a client"
    for query, here, away in (
        ({"act": "message"}, sent, changed),
        ({"act": "client.changed"}, changed, sent),
        ({"person": str(people["alice"].pk)}, sent, changed),
        ({"about": f"messaging.conversation:{acme.conversation.pk}"}, sent, changed),
        ({"about": "accounts.client"}, changed, sent),
        ({"when": "7"}, changed, sent),
        ({"when": f"{timezone.localtime(old):%Y-%m-%d}"}, sent, changed),
        ({"q": "Acm"}, changed, sent),
    ):
        text = page_of_trail(browser, **query)
        assert here in text, query
        assert away not in text, query


def test_entries_lead_to_what_is_still_there(acme: Rows, people: dict[str, User], browser_of: LogIn) -> None:
    audit.note(Action.MESSAGE_SENT, acme.conversation, by=people["alice"], message=acme.message.pk)
    AuditEntry.objects.create(
        at=timezone.now(), client=acme.client, action=Action.MEDIA_OPENED, object_type="media.mediafile",
        object_id=999, via="web",
    )  # fmt: skip
    text = page_of_trail(browser_of("mona"))
    thread = reverse("admin:messaging_conversation_change", args=[acme.conversation.pk])
    assert f'href="{thread}?message={acme.message.pk}#message-{acme.message.pk}"' in text
    assert "Media file #999" in text
    assert "mediafile/999" not in text


def test_a_page_of_the_trail_costs_the_same_for_any_number(
    acme: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    browser = browser_of("mona")
    counts = []
    for more in (2, 30):
        audit.note_many(Action.MEDIA_OPENED, [acme.media_file] * more, by=people["alice"])
        with CaptureQueriesContext(connection) as queries:
            browser.get(TRAIL)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("value", ["x", "\0", "9" * 30, "0001-01-01", "messaging.conversation:", "a:b"])
def test_filters_that_make_no_sense_find_nothing(value: str, acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("mona")
    for name in ("person", "act", "about", "when", "q", "p"):
        assert browser.get(TRAIL, {name: value}).status_code in (200, 302, 400), name


def test_history_leads_to_the_entries_of_that_row(acme: Rows, browser_of: LogIn) -> None:
    address = reverse("admin:messaging_conversation_history", args=[acme.conversation.pk])
    assert (
        f"about=messaging.conversation%3A{acme.conversation.pk}"
        in browser_of("mona").get(address)["Location"]
    )
    assert browser_of("alice").get(address).status_code == 403


def test_the_api_lists_what_managers_may_know(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    audit.note(Action.CLIENT_CHANGED, acme.client, by=None, fields="name")
    audit.note(Action.CLIENT_CHANGED, rival.client, by=None, fields="name")
    found = browser_of("mona").get("/api/v1/audit/", {"action": "client.changed"}).json()["results"]
    assert [(row["client"], row["object_label"], row["facts"]) for row in found] == [
        (acme.client.pk, "Acme", {"fields": "name"})
    ]
