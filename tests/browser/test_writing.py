"""Answering, and working on a conversation, in the browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from accounts import feed
from messaging.models import OutboxItem
from tests.browser.chromium import PHONE
from tests.browser.conftest import OpenPage
from tests.browser.happening import INBOX, SAMPLES, sent, tell, thread, until
from tests.media.rendering import FFMPEG
from tests.tenants import Rows, make_message

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
OURS = "li.mc-ours[data-pk]"


def test_an_answer_is_sent_and_its_status_turns_to_read(acme: Rows, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(thread(acme))
    box = page.locator("[data-text-box]")
    box.fill("Yes,")
    box.press("Shift+Enter")
    box.press_sequentially("at ten!")
    box.press("Enter")
    expect(page.locator(OURS)).to_contain_text("at ten!")
    expect(page.locator(".mc-ghost")).to_have_count(0)
    expect(box).to_have_value("")
    message = sent(acme).get()
    assert (message.text, message.status, message.sent_by.username) == ("Yes,\nat ten!", "queued", "alice")
    sent(acme).update(status="read", provider_message_id="OUT1")
    tell(acme, feed.Topic.MESSAGE, message.pk)
    expect(page.locator(f"{OURS} .mc-status-read")).to_be_visible()


def test_a_cut_connection_is_waited_for(acme: Rows, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(thread(acme))
    page.evaluate(
        """() => {
            const real = window.fetch;
            let cuts = 1;
            window.fetch = (to, how) =>
                how?.method === "POST" && cuts-- > 0 ? Promise.reject(new TypeError("cut")) : real(to, how);
        }"""
    )
    page.locator("[data-text-box]").fill("Hello")
    page.locator("[data-text-box]").press("Enter")
    expect(page.locator(".mc-ghost")).to_contain_text("No connection")
    expect(page.locator(OURS)).to_contain_text("Hello", timeout=60_000)
    assert sent(acme).count() == 1


def test_answers_and_reactions(acme: Rows, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(thread(acme))
    line = page.locator(f"#message-{acme.message.pk}")
    line.hover()
    line.locator("[data-act=reply]").click()
    expect(page.locator("[data-context]")).to_contain_text("Acme contact")
    page.locator("[data-text-box]").fill("Thanks")
    page.locator("[data-text-box]").press("Enter")
    expect(page.locator(f"{OURS} .mc-quote")).to_contain_text("Acme text")
    page.locator("[data-jump]").click()
    expect(line).to_be_focused()
    page.keyboard.press("+")
    page.locator("[data-emoji-choice='👍']").click()
    expect(line.locator(".mc-fate")).to_contain_text("👍")
    assert sent(acme).get().reply_to_id == acme.message.provider_message_id
    assert OutboxItem.objects.get(action="reaction").content == {"emoji": "👍"}


def test_files_go_with_their_captions(acme: Rows, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(thread(acme))
    page.set_input_files("[data-files]", [str(SAMPLES / "bread.jpg"), __file__])
    expect(page.locator(".mc-tray-item img")).to_have_count(1)
    page.locator("[data-tray-caption]").first.fill("Fresh")
    page.locator("[data-send]").click()
    expect(page.locator(OURS)).to_have_count(2)
    expect(page.locator("[data-tray]")).to_be_hidden()
    first, second = sent(acme).order_by("pk")
    assert (first.type, first.text, second.type) == ("image", "Fresh", "document")
    assert first.media.is_ready


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_files_are_dropped_and_pasted(way: str, acme: Rows, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(thread(acme))
    page.evaluate(
        """(way) => {
            const brought = new DataTransfer();
            brought.items.add(new File(["a,b"], "prices.csv", { type: "text/csv" }));
            const facts = { dataTransfer: brought, clipboardData: brought, bubbles: true, cancelable: true };
            const [event, target] = way === "drop"
                ? [new DragEvent("drop", facts), "[data-thread]"]
                : [new ClipboardEvent("paste", facts), "#mc-text"];
            document.querySelector(target).dispatchEvent(event);
        }""",
        way,
    )
    expect(page.locator(".mc-tray-item")).to_contain_text("prices.csv")
    page.locator("[data-text-box]").fill("Our prices")
    page.locator("[data-send]").click()
    expect(page.locator(OURS)).to_contain_text("prices.csv")
    assert (sent(acme).get().type, sent(acme).get().text) == ("document", "Our prices")


def test_a_voice_note_is_recorded_as_whatsapp_takes_it(acme: Rows, open_page: OpenPage) -> None:
    page = open_page(permissions=["microphone"])
    page.goto(thread(acme))
    page.locator("[data-record]").click()
    expect(page.locator("[data-recording-time]")).to_have_text("0:01")
    page.locator("[data-send]").click()
    play = page.locator(f"{OURS} .mc-play")
    expect(play).to_be_visible()
    message = sent(acme).get()
    assert (message.type, message.media.mimetype.split(";")[0]) == ("voice", "audio/ogg")
    play.click()
    until(page, "document.querySelector('audio').currentTime > 0.3")
    assert page.evaluate("document.querySelector('audio').duration") < 10


AS_SAFARI = """() => {
    const real = MediaRecorder.isTypeSupported.bind(MediaRecorder);
    MediaRecorder.isTypeSupported = (type) => type.startsWith("audio/mp4") && real(type);
}"""


@pytest.mark.skipif(not FFMPEG, reason="there is no ffmpeg here")
def test_what_safari_records_is_a_voice_note_too(acme: Rows, open_page: OpenPage) -> None:
    page = open_page(permissions=["microphone"])
    page.goto(thread(acme))
    page.evaluate(AS_SAFARI)
    if not page.evaluate("MediaRecorder.isTypeSupported('audio/mp4')"):
        pytest.skip("This Chromium records no MP4.")
    page.locator("[data-record]").click()
    expect(page.locator("[data-recording-time]")).to_have_text("0:01")
    page.locator("[data-send]").click()
    expect(page.locator(f"{OURS} .mc-play")).to_be_visible()
    media_file = sent(acme).get().media
    assert (media_file.kind, media_file.mimetype.split(";")[0]) == ("voice", "audio/ogg")


def test_a_conversation_is_begun_with_the_keyboard(acme: Rows, open_page: OpenPage) -> None:
    page = open_page(size=PHONE)
    page.goto(INBOX)
    page.keyboard.press("n")
    expect(page.locator("#id_phone")).to_be_focused()
    page.keyboard.type("90000")
    page.keyboard.press("Tab")
    page.keyboard.type("Ana")
    page.keyboard.press("Tab")
    page.keyboard.type("Good morning!")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".mc-wrong")).to_contain_text("country")
    expect(page.locator("#id_phone")).to_be_focused()
    page.locator("#id_phone").fill("+55 11 90000-7777")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(OURS)).to_contain_text("Good morning!")
    expect(page.locator(".mc-thread-title")).to_contain_text("Ana")


def test_a_sent_text_is_changed(acme: Rows, open_page: OpenPage) -> None:
    make_message(acme.conversation, direction="outbound", sender=None, text="At nine", status="sent")
    page = open_page()
    page.goto(thread(acme))
    page.locator("[data-text-box]").press("ArrowUp")
    page.keyboard.press("e")
    expect(page.locator("[data-text-box]")).to_have_value("At nine")
    page.locator("[data-text-box]").fill("At ten")
    page.locator("[data-text-box]").press("Enter")
    expect(page.locator(f"{OURS} .mc-fate")).to_contain_text("At ten")
    expect(page.locator("[data-context]")).to_be_hidden()
    assert OutboxItem.objects.get(action="edit").content == {"text": "At ten"}


def test_what_failed_is_sent_again(acme: Rows, open_page: OpenPage) -> None:
    message = make_message(
        acme.conversation, direction="outbound", sender=None, text="Hi", status="failed", error="Refused"
    )
    facts: Any = {"instance": acme.instance, "conversation": acme.conversation, "message": message}
    item = OutboxItem.objects.create(**facts, action="message", state="failed", error="Refused")
    page = open_page()
    page.goto(thread(acme))
    expect(page.locator(OURS)).to_contain_text("Refused")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(f"{OURS} .mc-status-queued")).to_be_visible()
    item.refresh_from_db()
    assert item.state == "pending"


def test_work_on_a_conversation_is_done_beside_it(acme: Rows, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(thread(acme))
    page.locator("#mc-new-label").fill("Urgent")
    page.locator("#mc-new-label").press("Enter")
    expect(page.locator("[data-work] .mc-label")).to_have_text("Urgent")
    page.locator("#mc-note").fill("Calls after six.")
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator(".mc-notes")).to_contain_text("Calls after six.")
    page.locator("#mc-assigned").select_option(label="alice (me)")
    expect(page.locator(".mc-row-facts")).to_contain_text("alice")
    page.locator("[data-status=closed]").click()
    expect(page.locator("[data-status=open]")).to_be_visible()
    acme.conversation.refresh_from_db()
    assert (acme.conversation.status, str(acme.conversation.assigned_to)) == ("closed", "alice")
    assert [str(label) for label in acme.conversation.labels.all()] == ["Urgent"]
