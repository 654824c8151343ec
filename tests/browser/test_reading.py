"""The inbox as an operator reads it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts import feed
from media.models import MediaFile
from messaging.models import Contact, Conversation, Message
from tests.browser.chromium import PHONE
from tests.browser.conftest import OpenPage
from tests.browser.happening import INBOX, arrive, sample, tell, thread, until
from tests.tenants import Rows, make_message

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
LINES = "[data-lines] > li[data-pk]"
NOTE_A_STOP = (
    "document.querySelector('audio').addEventListener('emptied', () => document.body.dataset.stopped = 1)"
)


def test_a_new_message_appears_by_itself_and_is_read_when_shown(acme: Rows, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(INBOX)
    row = page.locator("[data-rows] > li")
    expect(row).to_have_count(1)
    arrive(acme, "Is the cake ready?")
    expect(row.locator(".mc-preview")).to_contain_text("Is the cake ready?")
    expect(row.locator("[data-unread]")).to_be_visible()
    row.locator("a").click()
    expect(page.locator("li.mc-theirs").last).to_contain_text("Is the cake ready?")
    expect(page.locator("[data-unread]")).to_have_count(0)
    acme.conversation.refresh_from_db()
    assert acme.conversation.unread_count == 0


def test_an_open_thread_shows_what_comes(acme: Rows, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(thread(acme))
    arrive(acme, "One more thing")
    expect(page.locator(LINES).last).to_contain_text("One more thing")
    expect(page.locator(LINES).last).to_be_in_viewport()


def test_pictures_are_shown_large(acme: Rows, open_page: OpenPage) -> None:
    picture = sample(acme, "bread.jpg", kind="image", mimetype="image/jpeg")
    make_message(acme.conversation, type="image", media=picture, text="Look")
    page = open_page()
    page.goto(thread(acme))
    until(page, "[...document.images].filter(one => one.src).every(one => one.naturalWidth > 0)")
    page.locator("a[data-picture]").click()
    expect(page.locator("[data-lightbox]")).to_contain_text("Look")
    page.keyboard.press("Escape")
    expect(page.locator("[data-lightbox]")).to_be_hidden()


def test_a_voice_note_plays_at_the_chosen_speed(acme: Rows, open_page: OpenPage) -> None:
    facts = {"kind": "voice", "mimetype": "audio/ogg", "waveform": bytes(range(64)), "duration": 5}
    make_message(acme.conversation, type="voice", media=sample(acme, "voice-order.ogg", **facts))
    page = open_page()
    page.goto(thread(acme))
    page.locator(".mc-speed").click()
    expect(page.locator(".mc-speed")).to_have_text("1.5×")
    page.locator(".mc-play").click()
    until(page, "document.querySelector('audio').currentTime > 0.3")
    assert page.evaluate("document.querySelector('audio').playbackRate") == 1.5


def test_a_voice_note_plays_on_while_its_waveform_comes(acme: Rows, open_page: OpenPage) -> None:
    voice = sample(acme, "voice-order.ogg", kind="voice", mimetype="audio/ogg")
    message = make_message(acme.conversation, type="voice", media=voice)
    page = open_page()
    page.goto(thread(acme))
    # Else it may be over before a slow machine has told of the news.
    page.evaluate("document.querySelector('audio').loop = true")
    page.evaluate(NOTE_A_STOP)
    page.locator(".mc-play").click()
    until(page, "document.querySelector('audio').currentTime > 0.1")
    Message.objects.filter(pk=message.pk).update(text="With words")
    MediaFile.objects.filter(pk=voice.pk).update(waveform=bytes(range(64)), duration=5)
    tell(acme, feed.Topic.MESSAGE, message.pk)
    expect(page.locator(f"#message-{message.pk} .mc-text")).to_have_text("With words")
    assert page.evaluate("!document.querySelector('audio').paused && !document.body.dataset.stopped")


def test_a_file_that_is_not_here_is_asked_for(acme: Rows, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(thread(acme))
    page.get_by_role("button", name="Download now").click()
    expect(page.locator(".mc-absent")).to_contain_text("pending")
    acme.media_file.refresh_from_db()
    assert acme.media_file.state == "pending"


def fill(rows: Rows, count: int) -> None:
    start = timezone.now() - timedelta(days=3)
    for number in range(count):
        make_message(rows.conversation, text=f"line {number}", sent_at=start + timedelta(minutes=number))


def test_older_messages_come_as_one_scrolls_up(acme: Rows, open_page: OpenPage) -> None:
    fill(acme, 130)
    page = open_page()
    page.goto(thread(acme))
    expect(page.locator(LINES).last).to_be_in_viewport()
    while page.locator(LINES).count() < 131:
        page.locator("[data-thread]").evaluate("one => one.scrollTo(0, 0)")
        page.wait_for_timeout(50)
    ids = page.locator(LINES).evaluate_all("all => all.map(one => Number(one.dataset.pk))")
    assert ids == list(acme.conversation.messages.values_list("pk", flat=True))
    moments = acme.conversation.messages.values_list("sent_at", flat=True)
    days = page.locator(LINES).evaluate_all("all => new Set(all.map(one => one.dataset.day)).size")
    assert page.locator(".mc-day").count() == days == len({moment.date() for moment in moments})


def test_a_message_that_is_not_loaded_is_jumped_to(acme: Rows, open_page: OpenPage) -> None:
    fill(acme, 130)
    first = acme.conversation.messages.all()[3]
    make_message(acme.conversation, text="Answer", reply_to_id=first.provider_message_id)
    page = open_page()
    page.goto(thread(acme))
    page.locator("[data-jump]").click()
    expect(page.locator(f"#message-{first.pk}")).to_be_in_viewport()
    page.locator("[data-to-end]").click()
    expect(page.locator(LINES).last).to_contain_text("Answer")


def test_the_keyboard_is_enough(acme: Rows, open_page: OpenPage) -> None:
    for hours, name in enumerate(("Bia", "Caio"), start=1):
        moment = timezone.now() - timedelta(hours=hours)
        facts = {"contact": Contact.objects.create(client=acme.client, name=name), "chat_id": name}
        Conversation.objects.create(instance=acme.instance, last_message_at=moment, **facts)
    page = open_page()
    page.goto(INBOX)
    for key in ("j", "ArrowDown", "j", "k", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".mc-thread-title h2")).to_have_text("Bia")
    expect(page.locator("[data-text-box]")).to_be_focused()
    page.locator("[data-toggle-details]").first.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("acme text")
    page.keyboard.press("Enter")
    expect(page.locator("[data-rows] > li")).to_contain_text(["Acme text"])


def test_a_phone_shows_the_list_or_the_thread(acme: Rows, open_page: OpenPage) -> None:
    page = open_page(size=PHONE, has_touch=True, is_mobile=True)
    page.goto(INBOX)
    page.locator("[data-rows] a").click()
    page.locator(".mc-panes[data-ready]").wait_for()
    expect(page.locator("[data-list]")).to_be_hidden()
    expect(page.locator("[data-text-box]")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    line = page.locator(f"#message-{acme.message.pk}")
    line.locator(".mc-meta").tap()
    expect(line.locator("[data-act=reply]")).to_be_in_viewport()
    page.locator("[data-toggle-details]").first.click()
    expect(page.locator("#mc-note")).to_be_in_viewport()
    page.locator("[data-details] [data-toggle-details]").click()
    page.locator("[data-back]").click()
    expect(page.locator("[data-list]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_hostile_words_do_nothing(acme: Rows, open_page: OpenPage) -> None:
    evil = "<img src=x onerror=\"document.body.id='gone'\">"
    Contact.objects.filter(pk=acme.conversation.contact_id).update(name=evil)
    page = open_page()
    page.goto(thread(acme))
    arrive(acme, evil)
    line = page.locator("li.mc-theirs").last
    expect(line).to_contain_text("onerror")
    line.hover()
    line.locator("[data-act=reply]").click()
    expect(page.locator("[data-context]")).to_contain_text("onerror")
    assert page.locator("img[src=x], #gone").count() == 0


def test_a_viewer_leaves_everything_unread(acme: Rows, open_page: OpenPage) -> None:
    Conversation.objects.filter(pk=acme.conversation.pk).update(unread_count=2)
    page = open_page("bob")
    page.goto(thread(acme))
    expect(page.locator("[data-composer]")).to_contain_text("operator's role")
    page.wait_for_timeout(800)
    acme.conversation.refresh_from_db()
    assert acme.conversation.unread_count == 2
