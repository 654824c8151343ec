from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Change, User
from messaging.models import Contact, Conversation, Message, Reaction, WebhookEvent
from messaging.templatetags.operations import map_address, message_text
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    make_media_file,
    make_message,
    make_ready,
    people,
    rival,
    static_files_as_they_are,
    while_saving,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.
CONVERSATIONS, EVENTS = "/admin/messaging/conversation/", "/admin/messaging/webhookevent/"


def thread(rows: Rows) -> str:
    return f"{CONVERSATIONS}{rows.conversation.pk}/change/"


def read(rows: Rows, browser_of: LogIn, name: str = "alice", **query: Any) -> str:
    response = browser_of(name).get(thread(rows), query)
    assert response.status_code == 200
    return str(response.content.decode())


def test_hostile_text_is_only_text(acme: Rows, browser_of: LogIn) -> None:
    make_message(acme.conversation, text="<script>alert(1)</script> https://example.com/a")
    Contact.objects.filter(pk=acme.conversation.contact_id).update(name="<img src=x onerror=alert(1)>")
    text = read(acme, browser_of)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert '<a href="https://example.com/a" rel="nofollow">' in text
    assert "<img src=x" not in browser_of("alice").get(CONVERSATIONS).content.decode()


@pytest.mark.parametrize(
    ("kind", "text", "payload", "shown"),
    [
        ("location", "Home", {"latitude": -23.5, "longitude": -46.6}, "openstreetmap.org/?mlat=-23.5"),
        ("location", "", {"latitude": "javascript:alert(1)"}, "A place without coordinates"),
        ("contacts", "", {"contacts": [{"name": "Rui", "phones": [{"phone": "+55 11 9"}]}]}, "+55 11 9"),
        ("contacts", "Rui", {"contacts": "odd"}, "<b>Rui</b>"),
        ("contacts", "", {"contacts": [{"name": ["odd"], "phones": "odd"}, 3]}, "Contact"),
        ("template", "order_ready (pt_BR): 12", {"name": "order_ready"}, "order_ready (pt_BR): 12"),
        ("text", "Hello", {"forwarded": True, "referral": {"headline": "Fresh bread"}}, "Fresh bread"),
        ("poll", "", {"question": "Size?", "options": ["Small"]}, "<li>Small</li>"),
        ("order", "", {"items": [{"product": "P1", "quantity": 2, "price": 3.5}]}, "2 × P1, 3.5"),
        ("order", "", {"items": "odd"}, "Order"),
        ("interactive", "Yes", {"kind": "offer", "buttons": [{"title": "Buy"}]}, "Buy"),
        ("system", "Ana left", {}, "Ana left"),
        ("unsupported", "", {}, "Look at the phone"),
    ],
)  # fmt: skip
def test_every_kind_of_message_is_shown(
    kind: str, text: str, payload: Any, shown: str, acme: Rows, browser_of: LogIn
) -> None:
    make_message(acme.conversation, type=kind, text=text, payload=payload)
    assert shown in read(acme, browser_of)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("image", "<img"),
        ("sticker", "mc-sticker"),
        ("video", "<video"),
        ("voice", "<audio"),
        ("document", "download=1"),
    ],
)
def test_a_ready_file_is_shown_in_place(kind: str, shown: str, acme: Rows, browser_of: LogIn) -> None:
    media_file = make_ready(acme.instance, kind=kind, mimetype="", filename="price list.doc")
    make_message(acme.conversation, type=kind, media=media_file)
    text = read(acme, browser_of)
    assert shown in text
    assert f"/media-files/{media_file.pk}/" in text


def test_a_file_that_is_not_here_says_why(acme: Rows, browser_of: LogIn) -> None:
    waits = make_media_file(acme.instance, thumbnail=b"\xff\xd8\xff\xe0small", error="The CDN answered 503")
    make_message(acme.conversation, type="image", media=waits)
    text = read(acme, browser_of)
    for word in ("data:image/jpeg;base64,", "The CDN answered 503", "Next try", "Download now"):
        assert word in text
    assert "Download now" not in read(acme, browser_of, "bob")


def test_what_happened_to_a_message_is_told(acme: Rows, browser_of: LogIn) -> None:
    now = timezone.now()
    asked = make_message(acme.conversation, text="Open today?")
    ours = {"direction": "outbound", "sender": None, "reply_to_id": asked.provider_message_id}
    said = make_message(acme.conversation, **ours, text="At eight", status="read", edited_at=now)
    Message.objects.filter(pk=said.pk).update(earlier_texts=[{"text": "At nine", "until": now.isoformat()}])
    Reaction.objects.create(message=said, actor=acme.conversation.contact, emoji="👍", occurred_at=now)
    make_message(acme.conversation, text="Never mind", revoked_at=now)
    text = read(acme, browser_of)
    for shown in (
        f"?message={asked.pk}#message-{asked.pk}",
        "<s>At nine</s>",
        "👍",
        "mc-revoked",
        ">read</span>",
    ):
        assert shown in text


def test_a_group_names_who_writes(acme: Rows, browser_of: LogIn) -> None:
    Conversation.objects.filter(pk=acme.conversation.pk).update(kind="group", contact=None, title="Suppliers")
    rui = Contact.objects.create(client=acme.client, name="Rui")
    make_message(acme.conversation, sender=rui, text="Flour")
    assert '<p class="mc-sender">Rui</p>' in read(acme, browser_of)


def test_a_thread_pages_back_without_gap(acme: Rows, browser_of: LogIn) -> None:
    start = timezone.now() - timedelta(days=1)
    for number in range(119):
        make_message(acme.conversation, text=f"m{number}", sent_at=start + timedelta(seconds=number // 4))
    browser, query, seen = browser_of("bob"), "", []
    for _ in range(3):
        page = browser.get(thread(acme) + query).context["thread"]
        seen = [line.message.pk for line in page.lines] + seen
        query = f"?before={page.older}"
    assert seen == list(acme.conversation.messages.values_list("pk", flat=True))
    assert page.older == ""


def test_a_link_to_a_message_opens_its_page(acme: Rows, browser_of: LogIn) -> None:
    for number in range(120):
        make_message(acme.conversation, sent_at=timezone.now() - timedelta(hours=200 - number))
    chosen = acme.conversation.messages.all()[10]
    page = browser_of("bob").get(thread(acme), {"message": chosen.pk}).context["thread"]
    shown = [line.message for line in page.lines]
    assert shown == list(acme.conversation.messages.all()[:31])
    assert (chosen in shown, page.older, bool(page.newer)) == (True, "", True)


def test_a_thread_pages_on_from_a_message(acme: Rows, browser_of: LogIn) -> None:
    for number in range(120):
        make_message(acme.conversation, sent_at=timezone.now() - timedelta(hours=200 - number))
    browser, query, seen = browser_of("bob"), f"?message={acme.conversation.messages.all()[0].pk}", []
    while query:
        page = browser.get(thread(acme) + query).context["thread"]
        seen += [line.message.pk for line in page.lines]
        query = f"?after={page.newer}" if page.newer else ""
    assert seen == list(acme.conversation.messages.values_list("pk", flat=True))


@pytest.mark.parametrize("value", ["x", "-1", "9" * 30, "1.1.1", "²"])
def test_a_foreign_place_shows_the_newest(value: str, acme: Rows, browser_of: LogIn) -> None:
    for name in ("before", "after", "message"):
        page = browser_of("bob").get(thread(acme), {name: value}).context["thread"]
        assert (len(page.lines), page.newer) == (1, "")


def _fill(rows: Rows, count: int) -> None:
    for number in range(count):
        quoted = make_message(rows.conversation, text="asked")
        media_file = make_media_file(rows.instance, error=f"reason {number}")
        facts = {"media": media_file, "type": "image", "reply_to_id": quoted.provider_message_id}
        message = make_message(rows.conversation, **facts)
        Reaction.objects.create(
            message=message, actor=rows.conversation.contact, emoji="👍", occurred_at=timezone.now()
        )


def _queries(address: str, browser: Any) -> int:
    with CaptureQueriesContext(connection) as found:
        assert browser.get(address).status_code == 200
    assert not [
        query for query in found.captured_queries if 'COUNT(*) AS "__count" FROM "messaging_m' in query["sql"]
    ]
    return len(found)


def test_a_longer_thread_costs_no_more_queries(acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("alice")
    _fill(acme, 2)
    few = _queries(thread(acme), browser)
    _fill(acme, 20)
    assert _queries(thread(acme), browser) == few
    assert few <= 32


@pytest.mark.parametrize("listing", [CONVERSATIONS, EVENTS])
def test_a_longer_list_costs_no_more_queries(listing: str, acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("alice")
    few = _queries(listing, browser)
    for number in range(30):
        contact = Contact.objects.create(client=acme.client, name=f"Contact {number}")
        conversation = Conversation.objects.create(
            instance=acme.instance, chat_id=str(number), contact=contact
        )
        make_message(conversation, text="hello")
        WebhookEvent.objects.create(instance=acme.instance, body=b"{}")
    assert _queries(listing, browser) == few


def test_conversations_without_a_time_are_listed_too(acme: Rows, browser_of: LogIn) -> None:
    for number in range(60):
        facts = {"instance": acme.instance, "chat_id": str(number), "kind": "group"}
        Conversation.objects.create(**facts, last_message_at=timezone.now() if number % 2 else None)
    browser, query, seen = browser_of("bob"), "", []
    for _ in range(2):
        page = browser.get(CONVERSATIONS + query).context["cl"]
        seen += [row.pk for row in page.result_list]
        query = page.older_query
    assert (len(seen), len(set(seen)), query) == (61, 61, "")
    newer = browser.get(CONVERSATIONS + page.newer_query).context["cl"].result_list
    assert [row.pk for row in newer] == seen[:50]


@pytest.mark.parametrize(("words", "count"), [("acme cont", 1), ("+55 11 90000-1234", 1), ("nobody here", 0)])
def test_a_conversation_is_found_by_name_or_phone(
    words: str, count: int, acme: Rows, rival: Rows, browser_of: LogIn
) -> None:
    page = browser_of("alice").get(CONVERSATIONS, {"q": words}).context["cl"]
    assert len(page.result_list) == count


def test_an_operator_closes_and_assigns(acme: Rows, people: dict[str, User], browser_of: LogIn) -> None:
    sent = {"status": "closed", "assigned_to": people["bob"].pk, "_continue": "1"}

    def work_goes_on(**_: Any) -> None:
        Conversation.objects.filter(pk=acme.conversation.pk).update(unread_count=5)

    with while_saving(Conversation, work_goes_on):
        assert browser_of("alice").post(thread(acme), sent).status_code == 302
    acme.conversation.refresh_from_db()
    assert (acme.conversation.status, acme.conversation.assigned_to) == ("closed", people["bob"])
    assert acme.conversation.unread_count == 5
    assert Change.objects.get().object_id == acme.conversation.pk


def test_a_conversation_goes_to_people_of_its_client(
    acme: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    assert "charlie" not in read(acme, browser_of)
    sent = {"status": "open", "assigned_to": people["charlie"].pk}
    assert browser_of("alice").post(thread(acme), sent).status_code == 200
    assert browser_of("bob").post(thread(acme), {"status": "closed"}).status_code == 403
    acme.conversation.refresh_from_db()
    assert (acme.conversation.assigned_to, acme.conversation.status) == (None, "open")


def test_a_very_long_text_is_shown_without_links() -> None:
    assert "<a " not in message_text("https://example.com " * 1000)
    assert message_text("a\nb <i>") == "a<br>b &lt;i&gt;"


@pytest.mark.parametrize("payload", [None, [], {}, {"latitude": "x", "longitude": 1}, {"latitude": None}])
def test_a_place_without_numbers_has_no_map(payload: Any) -> None:
    assert map_address(payload) == ""
