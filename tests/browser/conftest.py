"""Chromium without a window before a real server; skipped where there is no Chromium."""

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.test import Client as DjangoBrowser
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from pytest_django import Settings

from accounts.models import User
from tests.browser.chromium import FLAGS, NAMES, PATH, WIDE
from tests.tenants import acme, people, rival, static_files_as_they_are

__all__ = ["acme", "people", "rival", "static_files_as_they_are"]

# What a page owes to the worker beside it may take long on a busy machine.
PATIENCE_MS = 60_000
OpenPage = Callable[..., Page]
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for a module: while it is there, its thread has Playwright's event loop, and Django takes it for ours."""
    if PATH is None:
        pytest.skip(f"There is no Chromium here: none of {', '.join(NAMES)} was found.")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=PATH, args=FLAGS)
        yield browser
        browser.close()


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def address(transactional_db: None, settings: Settings) -> Iterator[str]:
    """In this process, so that it has the test's settings. pytest-django's own wants a MEDIA_URL, and there is none."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.daemon_threads = True
    server.set_app(WSGIHandler())
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    settings.PUBLIC_BASE_URL = settings.STREAM_BASE_URL = f"http://127.0.0.1:{server.server_port}"
    yield settings.PUBLIC_BASE_URL
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def open_page(chromium: Browser, address: str, people: dict[str, User]) -> Iterator[OpenPage]:
    """A page as one of the people, or as nobody; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(name: str = "alice", *, size: Any = WIDE, **options: Any) -> Page:
        context = chromium.new_context(viewport=size, base_url=address, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        if name:
            context.add_cookies([{"name": "sessionid", "value": _session(people[name]), "url": address}])
        page = context.new_page()
        page.on("console", lambda said: _note(complaints, said))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _session(user: User) -> str:
    browser = DjangoBrowser()
    browser.force_login(user)
    return browser.cookies[django_settings.SESSION_COOKIE_NAME].value


def _note(complaints: list[str], said: ConsoleMessage) -> None:
    if said.type in ("error", "warning"):
        complaints.append(f"{said.text} ({said.location.get('url')})")
