"""Pages under their Content-Security-Policy: whatever a browser complains of, the fixture makes a failure."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client as DjangoBrowser
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.conftest import OpenPage
from tests.tenants import Rows, make_message, make_ready

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
PLAIN = ("admin:index", "admin-diagnosis", "second-factor", "admin:password_change", "api-docs")
READABLE = ("/api/v1/me/", "/api/v1/conversations/")


def addresses() -> Iterator[str]:
    yield from (reverse(name) for name in PLAIN)
    for model, screens in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_add")
        row: Model | None = screens.model._default_manager.order_by("pk").first()
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])
            yield reverse(f"{name}_delete", args=[row.pk])
    yield "/admin/media/mediafile/?view=ledger"
    yield "/admin/media/mediafile/?view=large"


def shown_to(user: User) -> list[str]:
    """The others are refused, which a browser's console takes for an error."""
    browser = DjangoBrowser()
    browser.force_login(user)
    return [path for path in addresses() if browser.get(path).status_code == 200]


def listen(page: Page) -> list[str]:
    """Violations are events too, also where nothing is said on the console."""
    found: list[str] = []
    page.expose_function("violated", lambda told: found.append(told))
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (one) => "
        "violated(`${location.pathname}: ${one.violatedDirective} ${one.blockedURI} ${one.sourceFile}`))"
    )
    return found


def test_no_page_of_the_admin_asks_for_more_than_its_policy_allows(
    acme: Rows, people: dict[str, User], open_page: OpenPage
) -> None:
    make_message(acme.conversation, type="image", media=make_ready(acme.instance), text="Look")
    page, paths = open_page("root"), shown_to(people["root"])
    violations = listen(page)
    assert len(paths) > 30
    for path in paths:
        page.goto(path, wait_until="load")
    page.goto("/admin/password_change/")
    assert violations == []


def test_the_policy_is_in_force(open_page: OpenPage, people: dict[str, User]) -> None:
    page = open_page("root")
    answer: Any = page.goto("/admin/second-factor/")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert "microphone=(self)" in answer.headers["permissions-policy"]
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_the_page_about_the_api_works_under_its_policy(open_page: OpenPage) -> None:
    page = open_page("root")
    violations = listen(page)
    page.goto("/api/v1/docs/")
    expect(page.locator(".opblock").first).to_be_visible()
    page.locator(".opblock-summary").first.click()
    expect(page.locator(".opblock-body").first).to_be_visible()
    assert violations == []


def test_the_pages_of_the_api_for_people_look_as_they_should(open_page: OpenPage) -> None:
    page = open_page("root", extra_http_headers={"Accept": "text/html"})
    violations = listen(page)
    for path in READABLE:
        page.goto(path)
        expect(page.locator(".response-info")).to_be_visible()
    assert violations == []


def test_widgets_of_django_work_under_the_policy(acme: Rows, open_page: OpenPage) -> None:
    page = open_page("root")
    violations = listen(page)
    page.goto(reverse("admin:accounts_client_add"))
    page.locator("#id_name").press_sequentially("New client")
    expect(page.locator("#id_slug")).to_have_value("new-client")
    page.locator(".theme-toggle").first.click()
    assert violations == []


def test_the_second_factor_is_set_up_in_a_browser(open_page: OpenPage) -> None:
    page = open_page("alice")
    page.goto("/admin/second-factor/")
    page.get_by_role("button", name="Set it up").click()
    expect(page.locator("svg.segno")).to_be_visible()
    box = page.locator("svg.segno").bounding_box()
    assert box and box["width"] > 150
