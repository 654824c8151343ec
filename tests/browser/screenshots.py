"""`python -m tests.browser.screenshots ADDRESS USER PASSWORD FOLDER`: each page of a running demo as a picture."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import FLAGS, PATH, PHONE, WIDE

ADMIN = "/admin/"
SETTLED_MS = 1200


@dataclass(frozen=True)
class Shot:
    """``path`` may name the link, found by ``follow`` on that page, whose page is meant."""

    name: str
    path: str
    follow: str = ""
    size: dict[str, int] = field(default_factory=lambda: WIDE)
    options: dict[str, Any] = field(default_factory=dict)


THREAD = {"path": f"{ADMIN}messaging/conversation/", "follow": "[data-rows] a"}
SHOTS = (
    Shot("overview", ADMIN),
    Shot("overview-dark", ADMIN, options={"color_scheme": "dark"}),
    Shot("inbox", f"{ADMIN}messaging/conversation/"),
    Shot("thread", **THREAD),
    Shot("thread-dark", **THREAD, options={"color_scheme": "dark"}),
    Shot("thread-phone", **THREAD, size=PHONE),
    Shot("inbox-phone", f"{ADMIN}messaging/conversation/", size=PHONE),
    Shot("thread-pt-br", **THREAD, options={"locale": "pt-BR"}),
    Shot("overview-fr", ADMIN, options={"locale": "fr-FR"}),
    Shot("gallery", f"{ADMIN}media/mediafile/"),
    Shot("ledger", f"{ADMIN}media/mediafile/?view=ledger"),
    Shot("media-file", f"{ADMIN}media/mediafile/?view=ledger", "a[href*='/mediafile/'][href*='/change/']"),
    Shot("lines", f"{ADMIN}accounts/whatsappinstance/"),
    Shot("line", f"{ADMIN}accounts/whatsappinstance/", ".mc-line-name a"),
    Shot("outbox", f"{ADMIN}messaging/outboxitem/"),
    Shot("events", f"{ADMIN}messaging/webhookevent/"),
    Shot("event", f"{ADMIN}messaging/webhookevent/", "#result_list th a"),
    Shot("diagnosis", f"{ADMIN}diagnosis/"),
    Shot("audit-trail", f"{ADMIN}accounts/auditentry/"),
)


def main() -> None:
    address, user, password, folder = sys.argv[1:5]
    Path(folder).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=FLAGS)
        for shot in SHOTS:
            context = browser.new_context(base_url=address, viewport=shot.size, **shot.options)
            page = context.new_page()
            log_in(page, user, password)
            take(page, shot, Path(folder))
            context.close()


def log_in(page: Page, user: str, password: str) -> None:
    page.goto(ADMIN)
    page.locator("#id_username").fill(user)
    page.locator("#id_password").fill(password)
    page.locator("#login-form [type=submit]").click()
    page.locator("#logout-form").wait_for(state="attached")


def take(page: Page, shot: Shot, folder: Path) -> None:
    page.goto(shot.path)
    if shot.follow:
        page.goto(str(page.locator(shot.follow).first.get_attribute("href")))
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=folder / f"{shot.name}.png")


if __name__ == "__main__":
    main()
