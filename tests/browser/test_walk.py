"""A morning at the screens, as an operator has it: in each language, on a desk and on a phone.

The world outside is the simulator, and a worker runs beside. The pages are found by their marks, not by their words.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import Role, User, WhatsappInstance
from media.models import MediaFile
from messaging.models import Message
from messaging.services.working import Worker
from tests.browser.chromium import PHONE, WIDE
from tests.browser.conftest import OpenPage
from tests.browser.happening import INBOX
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.server import Simulator
from tests.simulator.world import Line
from tests.telling import ANA, WAPI_ID, make_wapi, sim
from tests.tenants import make_user

__all__ = ["sim"]

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
PASSWORD = "bread-and-butter"
WALKS = [("en", WIDE), ("pt-br", WIDE), ("fr", WIDE), ("en", PHONE), ("pt-br", PHONE), ("fr", PHONE)]
MEDIA = reverse("admin:media_mediafile_changelist")
PLAYS = "document.querySelector('audio').currentTime > 0.2"
WHOLE_PICTURES = (
    "[...document.images].filter(one => one.src).every(one => one.complete && one.naturalWidth > 0)"
)


@pytest.fixture
def worker() -> Iterator[None]:
    """A thread of its own, which ends with the test."""
    stop = threading.Event()

    def work() -> None:
        mine = Worker()
        while not stop.wait(0.05):
            mine.turn()
        mine.finish()
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


class Morning:
    def __init__(self, page: Page, sim: Simulator, line: WhatsappInstance, address: str) -> None:
        self.page, self.sim = page, sim
        facts = (line.provider, line.instance_id, line.token, line.phone_number)
        self.line = sim.world.add_line(Line(*facts, lid="100000000011111@lid"))
        self.line.use_webhook(f"{address}/webhook/receive/{line.webhook_key}/")
        self.write = WapiComposer(sim.world, self.line)

    def log_in(self, name: str) -> None:
        self.page.goto("/admin/")
        self.page.locator("#id_username").fill(name)
        self.page.locator("#id_password").fill(PASSWORD)
        self.page.locator("#login-form [type=submit]").click()
        expect(self.page.locator("#logout-form")).to_have_count(1)

    def open_the_inbox_while_somebody_writes(self) -> None:
        self.page.goto(INBOX)
        self.say(self.write.text(ANA, "Bom dia!"))
        expect(self.page.locator("[data-rows] .mc-preview")).to_contain_text("Bom dia!")
        self.page.locator("[data-rows] a").click()
        expect(self.page.locator("li.mc-theirs").last).to_contain_text("Bom dia!")

    def see_a_picture(self) -> None:
        self.say(self.write.media(ANA, self.sim.world.sample_file(self.line, "bread.jpg"), "Pão"))
        picture = self.page.locator("a[data-picture] img")
        expect(picture).to_be_visible()
        self.until(lambda: bool(self.page.evaluate(WHOLE_PICTURES)))

    def play_a_voice_note(self) -> None:
        self.say(self.write.media(ANA, self.sim.world.sample_file(self.line, "voice-order.ogg")))
        # With its last rendition, or the button may be replaced under the finger.
        expect(self.page.locator("audio source[type='audio/mp4']")).to_have_count(1)
        self.page.locator(".mc-play").click()
        self.until(lambda: bool(self.page.evaluate(PLAYS)))

    def answer(self) -> None:
        box = self.page.locator("[data-text-box]")
        box.fill("Já vai sair do forno.")
        self.page.locator("[data-send]").click()
        expect(self.page.locator("li.mc-ours .mc-status-read")).to_be_visible()
        assert Message.objects.get(direction="outbound").status == "read"

    def pair_a_line(self, line: WhatsappInstance) -> None:
        self.line.connected = False
        self.say(self.write.disconnected())
        self.until(lambda: WhatsappInstance.objects.filter(pk=line.pk, status="disconnected").exists())
        self.page.clock.install()
        self.page.goto(reverse("admin:accounts_whatsappinstance_change", args=[line.pk]) + "#pair")
        self.page.locator("[data-pairing-start]").click()
        code = self.page.locator("[data-pairing-picture]")
        expect(code).to_be_visible()
        assert code.evaluate("one => one.naturalWidth") > 100
        self.line.connected = True
        self.page.clock.fast_forward("00:12")
        expect(self.page.locator("[data-pairing-state][data-tone=good]")).to_be_visible()

    def repair_a_failed_file(self) -> None:
        stored = self.sim.world.sample_file(self.line, "cake.jpg")
        for door in ("cdn", "download-media", "file-link"):
            stored.fault(door, status=404)
        self.say(self.write.media(ANA, stored))
        self.until(lambda: MediaFile.objects.filter(state="expired").exists())
        self.sim.world.faults.clear()
        self.page.goto(f"{MEDIA}?view=ledger")
        lost = MediaFile.objects.get(state="expired")
        self.page.locator(f"a[href*='/mediafile/{lost.pk}/change/']").first.click()
        self.page.locator("button[name=again], [data-again], form[action*='again'] button").first.click()
        self.until(lambda: MediaFile.objects.filter(pk=lost.pk, state="ready").exists())
        self.page.goto(reverse("admin:media_mediafile_change", args=[lost.pk]))
        self.until(lambda: bool(self.page.evaluate(WHOLE_PICTURES)))

    def read_the_dashboard(self, language: str) -> None:
        self.page.goto("/admin/")
        assert self.page.locator("html").get_attribute("lang") == language
        with translation.override(language):
            expect(self.page.locator("#content")).to_contain_text(gettext("Media files"), ignore_case=True)
        expect(self.page.locator("#content svg").first).to_be_visible()
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    def say(self, body: dict[str, Any]) -> None:
        assert self.sim.courier.deliver(self.line, body) == 200

    def until(self, there: Callable[[], bool]) -> None:
        for _ in range(1200):
            if there():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("it did not happen in a minute")


@pytest.mark.parametrize(("language", "size"), WALKS, ids=[f"{name}-{size['width']}" for name, size in WALKS])
def test_a_morning_at_the_screens(
    language: str,
    size: dict[str, int],
    sim: Simulator,
    worker: None,
    address: str,
    open_page: OpenPage,
    settings: Settings,
) -> None:
    line = make_wapi(instance_id=WAPI_ID)
    operator: User = make_user("olivia", line.client, Role.MANAGER)
    operator.set_password(PASSWORD)
    operator.save()
    settings.WAPI_SEND_SECONDS = 0
    morning = Morning(open_page("", size=size, locale=language), sim, line, address)
    morning.log_in("olivia")
    morning.open_the_inbox_while_somebody_writes()
    morning.see_a_picture()
    morning.play_a_voice_note()
    morning.answer()
    morning.pair_a_line(line)
    morning.repair_a_failed_file()
    morning.read_the_dashboard(language)
