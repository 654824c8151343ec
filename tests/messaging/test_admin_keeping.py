"""The screens of exports, contacts, holds and receipts."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, RetentionRule
from messaging.models import Contact, Conversation, Export, LegalHold, Message, PurgeReceipt
from messaging.services.working import Worker
from tests.messaging.exporting.making import made
from tests.tenants import acme, browser_of, make_message, people, rival

__all__ = ["acme", "browser_of", "people", "rival"]


def page(browser, name, *args):
    return browser.get(reverse(f"admin:{name}", args=args))


def body(response):
    return b"".join(response.streaming_content) if response.streaming else response.content


def ask(browser, **of):
    return browser.post(reverse("admin:messaging_export_request"), of)


def test_a_manager_has_a_conversation_exported_and_downloads_it(acme, browser_of):
    mona = browser_of("mona")
    assert ask(mona, conversation=acme.conversation.pk).status_code == 302
    Worker().drain()
    export = Export.objects.get()
    assert (export.state, export.scope) == ("ready", "conversation")
    assert b"Download" in page(mona, "messaging_export_change", export.pk).content
    response = page(mona, "messaging_export_content", export.pk)
    assert response["Content-Type"] == "application/zip"
    assert body(response).startswith(b"PK\x03\x04")


def test_a_part_of_it_can_be_had(acme, browser_of):
    export = made(acme.client, timezone.now())
    address = reverse("admin:messaging_export_content", args=[export.pk])
    whole = body(browser_of("mona").get(address))
    response = browser_of("mona").get(address, headers={"Range": "bytes=5-2000"})
    assert response.status_code == 206
    assert body(response) == whole[5:2001]


@pytest.mark.parametrize("name", ["alice", "bob", "charlie"])
def test_nobody_else_exports_or_downloads(name, acme, browser_of):
    export = made(acme.client, timezone.now())
    browser = browser_of(name)
    assert ask(browser, client=acme.client.pk).status_code in (403, 404)
    assert page(browser, "messaging_export_content", export.pk).status_code in (302, 403, 404)
    assert Export.objects.count() == 1


def test_who_exports_is_in_the_trail(acme, browser_of):
    ask(browser_of("mona"), client=acme.client.pk)
    entry = AuditEntry.objects.get(action="data.exported")
    assert (entry.username, entry.client_id, entry.facts["scope"]) == ("mona", acme.client.pk, "client")


def test_the_page_before_erasing_says_what_goes_and_does_nothing(acme, browser_of):
    contact = acme.conversation.contact
    response = page(browser_of("mona"), "messaging_contact_erase", contact.pk)
    assert b"Erase everything of this person" in response.content
    assert not PurgeReceipt.objects.exists()


def test_a_manager_erases_a_person_and_the_worker_does_it(acme, browser_of):
    contact = acme.conversation.contact
    address = reverse("admin:messaging_contact_erase", args=[contact.pk])
    response = browser_of("mona").post(address, {"confirmed": "yes"})
    assert response.status_code == 302
    Worker().drain()
    assert not Contact.objects.filter(pk=contact.pk).exists()
    assert not Conversation.objects.filter(pk=acme.conversation.pk).exists()
    receipt = PurgeReceipt.objects.get()
    assert receipt.by.username == "mona"
    assert b"messages: 1" in page(browser_of("mona"), "messaging_purgereceipt_change", receipt.pk).content


@pytest.mark.parametrize(("name", "status"), [("alice", 403), ("bob", 403), ("charlie", 404)])
def test_nobody_else_erases(name, status, acme, browser_of):
    address = reverse("admin:messaging_contact_erase", args=[acme.conversation.contact_id])
    assert browser_of(name).post(address, {"confirmed": "yes"}).status_code == status
    assert not PurgeReceipt.objects.exists()


def test_a_hold_is_placed_and_lifted_and_keeps_from_erasing(acme, browser_of):
    mona, contact = browser_of("mona"), acme.conversation.contact
    facts = {"client": acme.client.pk, "contact": contact.pk, "reason": "a case"}
    assert mona.post(reverse("admin:messaging_legalhold_add"), facts).status_code == 302
    hold = LegalHold.objects.get()
    assert hold.placed_by.username == "mona"
    assert b"A legal hold is in force" in page(mona, "messaging_contact_erase", contact.pk).content
    mona.post(reverse("admin:messaging_legalhold_act", args=[hold.pk, "lift"]))
    hold.refresh_from_db()
    assert hold.released_by.username == "mona"
    words = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"hold.placed", "hold.lifted"} <= words


def test_a_hold_names_nothing_of_another_client(acme, rival, browser_of):
    facts = {"client": acme.client.pk, "conversation": rival.conversation.pk, "reason": "a case"}
    response = browser_of("mona").post(reverse("admin:messaging_legalhold_add"), facts)
    assert response.status_code == 200
    assert not LegalHold.objects.exists()


def test_two_who_place_a_hold_at_the_same_time_choose_each_among_their_own(acme, people, rf):
    forms = []
    for name in ("mona", "charlie"):
        request = rf.get("/")
        request.user = people[name]
        forms.append(admin.site.get_model_admin(LegalHold).get_form(request))
    clients = [
        set(form().fields["contact"].queryset.values_list("client__slug", flat=True)) for form in forms
    ]
    assert clients == [{"acme"}, {"rival"}]


def test_a_manager_says_how_long_things_are_kept(acme, browser_of):
    mona = browser_of("mona")
    address = reverse("admin:accounts_client_change", args=[acme.client.pk])
    empty = {"INITIAL_FORMS": "0", "MIN_NUM_FORMS": "0", "MAX_NUM_FORMS": "1000"}
    facts = {"name": "Acme"} | {f"memberships-{name}": value for name, value in empty.items()}
    facts |= {f"retention-{name}": value for name, value in empty.items()}
    facts |= {"memberships-TOTAL_FORMS": "0", "retention-TOTAL_FORMS": "1"}
    facts |= {"retention-0-what": "video", "retention-0-days": "90", "retention-0-client": acme.client.pk}
    assert mona.post(address, facts).status_code == 302
    assert list(RetentionRule.objects.values_list("what", "days")) == [("video", 90)]
    facts |= {"retention-INITIAL_FORMS": "1", "retention-0-id": RetentionRule.objects.get().pk}
    mona.post(address, facts | {"retention-0-days": "30"})
    mona.post(address, facts | {"retention-0-DELETE": "on"})
    noted = AuditEntry.objects.filter(action="client.retention_changed", user__username="mona").order_by("id")
    assert [(entry.facts["before"], entry.facts["after"]) for entry in noted] == [
        ("", "video: 90"),
        ("video: 90", "video: 30"),
        ("video: 30", ""),
    ]


def test_the_thread_says_what_was_removed(acme, browser_of):
    now = timezone.now()
    make_message(acme.conversation, removal="file", removed_at=now, type="image")
    make_message(acme.conversation, removal="all", removed_at=now, sender=None)
    Conversation.objects.update(purged_until=now - timedelta(days=9))
    content = page(browser_of("bob"), "messaging_conversation_change", acme.conversation.pk).content.decode()
    assert "The file was removed by retention on" in content
    assert "because its author&#x27;s data were erased" in content or "because its author's data" in content
    assert "were removed by retention." in content


def test_contacts_are_found_by_number_and_renamed(acme, browser_of):
    alice = browser_of("alice")
    found = alice.get(reverse("admin:messaging_contact_changelist"), {"q": "90000-1234"})
    assert b"Acme contact" in found.content
    address = reverse("admin:messaging_contact_change", args=[acme.conversation.contact_id])
    assert alice.post(address, {"name": "Ana Lima"}).status_code == 302
    assert Contact.objects.get(pk=acme.conversation.contact_id).name == "Ana Lima"
    assert Message.objects.filter(sender__name="Ana Lima").exists()
