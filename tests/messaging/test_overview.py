from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.counting import counts_up_to
from accounts.models import WhatsappInstance
from accounts.services import SILENT
from messaging.models import WebhookEvent
from tests.tenants import LogIn, Rows, acme, browser_of, people, rival, static_files_as_they_are  # noqa: F401

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.


def test_the_first_page_links_to_what_it_counts(acme: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.filter(pk=acme.instance.pk).update(alarm="The token was refused.")
    text = browser_of("bob").get("/admin/").content.decode()
    links = ("mediafile/?state__exact=failed", "?cause__exact=gone", "webhookevent/?state__exact=failed")
    shown = ("The token was refused.", *links)
    assert [word for word in shown if word not in text] == []


def test_a_line_that_is_silent_needs_a_person(acme: Rows, browser_of: LogIn) -> None:
    assert "Needs a person" not in browser_of("bob").get("/admin/").content.decode()
    WhatsappInstance.objects.update(alarm=SILENT)
    assert SILENT in browser_of("bob").get("/admin/").content.decode()


def test_a_count_reads_no_further_than_its_cap(db: None) -> None:
    with CaptureQueriesContext(connection) as found:
        assert counts_up_to(50, [WebhookEvent.objects.all(), WebhookEvent.objects.none()]) == [0, 0]
    assert "LIMIT 51" in found.captured_queries[0]["sql"]
