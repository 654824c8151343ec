"""Exports over the API: managers ask, wait and download."""

import pytest

from accounts.models import AuditEntry
from messaging.models import Export
from messaging.services.working import Worker
from tests.tenants import make_message, make_ready

pytestmark = pytest.mark.django_db
EXPORTS = "/api/v1/exports/"


def ask(browser, **of):
    return browser.post(EXPORTS, of, content_type="application/json")


def body(response):
    return b"".join(response.streaming_content)


def test_asked_for_made_and_downloaded(acme, browser_of):
    mona = browser_of("mona")
    make_message(acme.conversation, type="image", media=make_ready(acme.instance))
    asked = ask(mona, client=acme.client.pk)
    assert (asked.status_code, asked.json()["state"], asked.json()["content_url"]) == (202, "pending", None)
    assert mona.get(f"{EXPORTS}{asked.json()['id']}/content/").json()["code"] == "not_ready"
    Worker().drain()
    told = mona.get(f"{EXPORTS}{asked.json()['id']}/").json()
    assert (told["state"], told["messages"], told["files"], told["absent"]) == ("ready", 2, 1, 1)
    response = mona.get(told["content_url"])
    assert response["Content-Disposition"].startswith("attachment")
    assert len(body(response)) == told["size"] == int(response["Content-Length"])


def test_a_download_that_was_cut_goes_on(acme, browser_of):
    mona = browser_of("mona")
    export = ask(mona, conversation=acme.conversation.pk).json()["id"]
    Worker().drain()
    address = f"{EXPORTS}{export}/content/"
    whole = mona.get(address)
    content = body(whole)
    rest = mona.get(address, headers={"Range": "bytes=100-", "If-Range": whole["ETag"]})
    assert (rest.status_code, body(rest)) == (206, content[100:])


@pytest.mark.parametrize("of", [{}, {"client": 1, "contact": 1}])
def test_exactly_one_thing_is_named(of, acme, browser_of):
    facts = {name: getattr(acme, name, acme.client).pk for name in of}
    assert ask(browser_of("mona"), **facts).status_code == 400
    assert not Export.objects.exists()


@pytest.mark.parametrize(("name", "status"), [("alice", 403), ("bob", 403), ("charlie", 400)])
def test_nobody_but_its_managers_may(name, status, acme, browser_of):
    assert ask(browser_of(name), client=acme.client.pk).status_code == status


def test_one_that_is_removed_says_so_and_who_did_it(acme, browser_of):
    mona = browser_of("mona")
    export = ask(mona, contact=acme.conversation.contact_id).json()["id"]
    Worker().drain()
    assert mona.delete(f"{EXPORTS}{export}/").status_code == 204
    noted = AuditEntry.objects.get(action="data.export_removed")
    assert (noted.username, noted.object_id, noted.client) == ("mona", export, acme.client)
    gone = mona.get(f"{EXPORTS}{export}/content/")
    assert (gone.status_code, gone.json()["code"]) == (410, "gone")


def test_a_download_in_pieces_is_in_the_trail_like_any_other(acme, browser_of):
    mona = browser_of("mona")
    export = ask(mona, client=acme.client.pk).json()["id"]
    Worker().drain()
    response = mona.get(f"{EXPORTS}{export}/content/", headers={"Range": "bytes=0-"})
    assert (response.status_code, response["Content-Length"]) == (206, str(len(body(response))))
    assert AuditEntry.objects.get(facts__has_key="downloaded").object_id == export
