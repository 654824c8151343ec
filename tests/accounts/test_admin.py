import json
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.contrib import admin
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.admin import display
from accounts.middleware.local_time import LocalTime
from accounts.models import ApiToken, Membership, User, WhatsappInstance
from accounts.paging import Place
from accounts.services import webhook_url
from tests.tenants import (  # noqa: F401
    SECRETS,
    LogIn,
    Rows,
    acme,
    browser_of,
    people,
    rival,
    static_files_as_they_are,
    while_saving,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.


def page(row: Any, action: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{action}", args=[row.pk])


def listing(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist")


def verb(instance: WhatsappInstance, slug: str) -> str:
    return reverse("admin:accounts_whatsappinstance_act", args=[instance.pk, slug])


def form_of(instance: WhatsappInstance, **changes: str) -> dict[str, str]:
    facts = {
        "name": instance.name,
        "provider": "wapi",
        "instance_id": instance.instance_id,
        "is_active": "on",
    }
    return facts | {"phone_number": "", "media_strategies": ""} | changes


@pytest.mark.parametrize("model", admin.site._registry, ids=str)
def test_every_list_and_add_page_opens_for_root(model: Any, browser_of: LogIn) -> None:
    browser, names = browser_of("root"), f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert browser.get(reverse(f"{names}_changelist")).status_code == 200
    may_add = admin.site._registry[model].has_add_permission(_request_of(User.objects.get(username="root")))
    assert browser.get(reverse(f"{names}_add")).status_code == (200 if may_add else 403)


def _request_of(user: User) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_every_detail_page_and_history_opens_for_root(acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("root")
    for row in [*acme.all(), User.objects.get(username="bob")]:
        assert browser.get(page(row)).status_code == 200
        assert browser.get(page(row, "history"), follow=True).status_code == 200


@pytest.mark.parametrize("name", ["alice", "bob", "mona"])
def test_people_of_a_client_see_its_rows_and_no_others(
    name: str, acme: Rows, rival: Rows, browser_of: LogIn
) -> None:
    browser = browser_of(name)
    for own, foreign in zip(acme.all(), rival.all(), strict=True):
        assert browser.get(page(own)).status_code == 200
        for address in (page(foreign), page(foreign, "history"), page(foreign, "delete")):
            assert browser.get(address).status_code in (302, 403, 404)
        text = browser.get(listing(own)).content.decode()
        assert "Acme" in text or "event" in text
        assert "Rival" not in text


def test_the_first_page_tells_nothing_of_other_clients(rival: Rows, browser_of: LogIn) -> None:
    WhatsappInstance.objects.filter(pk=rival.instance.pk).update(alarm="Rival alarm")
    assert "Rival alarm" in browser_of("charlie").get("/admin/").content.decode()
    assert "Rival" not in browser_of("alice").get("/admin/").content.decode()


def test_somebody_of_no_client_sees_nothing(acme: Rows, browser_of: LogIn, people: dict[str, User]) -> None:
    Membership.objects.filter(user=people["bob"]).delete()
    browser = browser_of("bob")
    assert "Ask an administrator" in browser.get("/admin/").content.decode()
    assert browser.get(listing(acme.conversation)).status_code == 403


def test_only_root_sees_who_has_an_account(people: dict[str, User], browser_of: LogIn) -> None:
    assert browser_of("mona").get(reverse("admin:accounts_user_changelist")).status_code == 403
    assert browser_of("mona").get(page(people["root"])).status_code in (302, 403)


@pytest.mark.parametrize("name", ["root", "mona", "alice", "bob"])
def test_no_page_shows_a_secret(name: str, acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of(name)
    for address in [page(row) for row in acme.all()] + [listing(row) for row in acme.all()]:
        text = browser.get(address).content.decode()
        assert not [secret for secret in SECRETS if secret in text], address


def test_the_webhook_address_is_shown_to_managers_only(acme: Rows, browser_of: LogIn) -> None:
    key = acme.instance.webhook_key
    assert webhook_url(acme.instance) in browser_of("mona").get(page(acme.instance)).content.decode()
    for name in ("alice", "bob"):
        assert key not in browser_of(name).get(page(acme.instance)).content.decode()


@pytest.mark.parametrize(
    "lookup", ["webhook_key__startswith", "client__slug", "token__isnull", "alarm__regex"]
)
def test_columns_cannot_be_guessed_by_filters(lookup: str, acme: Rows, browser_of: LogIn) -> None:
    assert browser_of("alice").get(listing(acme.instance), {lookup: "a"}).status_code == 400


def test_filters_offer_only_what_is_visible(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    foreign = {"instance__id__exact": rival.instance.pk}
    response = browser_of("alice").get(listing(acme.media_file), foreign)
    assert "Rival" not in response.content.decode()
    assert {row.instance for row in response.context["cl"].result_list} <= {acme.instance}


def test_an_empty_secret_keeps_what_is_stored(acme: Rows, browser_of: LogIn) -> None:
    sent = form_of(acme.instance, name="Front desk", new_token="", new_app_secret="another")
    assert browser_of("mona").post(page(acme.instance), sent).status_code == 302
    acme.instance.refresh_from_db()
    assert (acme.instance.name, acme.instance.token) == ("Front desk", SECRETS[0])
    assert acme.instance.app_secret == "another"


def test_an_edit_leaves_what_the_worker_writes(acme: Rows, browser_of: LogIn) -> None:
    moment = timezone.now()

    def work_goes_on(**_: Any) -> None:
        WhatsappInstance.objects.filter(pk=acme.instance.pk).update(last_event_at=moment, status="connected")

    with while_saving(WhatsappInstance, work_goes_on):
        browser_of("mona").post(page(acme.instance), form_of(acme.instance, name="Front desk"))
    acme.instance.refresh_from_db()
    assert (acme.instance.last_event_at, acme.instance.status) == (moment, "connected")
    assert acme.instance.name == "Front desk"


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_only_managers_edit_an_instance(name: str, acme: Rows, browser_of: LogIn) -> None:
    assert browser_of(name).post(page(acme.instance), form_of(acme.instance)).status_code == 403
    assert browser_of(name).get(reverse("admin:accounts_whatsappinstance_add")).status_code == 403


def test_a_manager_cannot_give_an_instance_to_another_client(
    acme: Rows, rival: Rows, browser_of: LogIn
) -> None:
    fresh = form_of(acme.instance, client=str(rival.client.pk), instance_id="fresh")
    browser_of("mona").post(reverse("admin:accounts_whatsappinstance_add"), fresh)
    assert not WhatsappInstance.objects.filter(instance_id="fresh").exists()
    browser_of("mona").post(page(acme.instance), form_of(acme.instance, client=str(rival.client.pk)))
    acme.instance.refresh_from_db()
    assert acme.instance.client == acme.client


def test_an_unknown_strategy_is_refused(acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("mona").post(
        page(acme.instance), form_of(acme.instance, media_strategies="cdn, luck")
    )
    assert "Not a strategy: luck" in response.content.decode()


def test_rotating_the_key_needs_a_manager_and_a_post(acme: Rows, browser_of: LogIn) -> None:
    before = acme.instance.webhook_key
    assert browser_of("mona").get(verb(acme.instance, "rotate")).status_code == 405
    assert browser_of("alice").post(verb(acme.instance, "rotate")).status_code == 403
    assert browser_of("charlie").post(verb(acme.instance, "rotate")).status_code == 404
    acme.instance.refresh_from_db()
    assert acme.instance.webhook_key == before
    browser_of("mona").post(verb(acme.instance, "rotate"))
    acme.instance.refresh_from_db()
    assert acme.instance.webhook_key != before


@responses.activate
def test_an_operator_checks_the_status(acme: Rows, browser_of: LogIn) -> None:
    responses.get("https://api.w-api.app/v1/instance/status-instance", json={"connected": True})
    response = browser_of("alice").post(verb(acme.instance, "check"), follow=True)
    assert "The line is connected" in response.content.decode()
    acme.instance.refresh_from_db()
    assert acme.instance.status == "connected"


@responses.activate
def test_a_provider_that_fails_is_told_and_nothing_breaks(acme: Rows, browser_of: LogIn) -> None:
    responses.get("https://api.w-api.app/v1/instance/status-instance", status=500)
    response = browser_of("alice").post(verb(acme.instance, "check"), follow=True)
    assert "The provider does not answer as it should" in response.content.decode()


def _members(client: Any, *rows: tuple[str, str]) -> dict[str, str]:
    sent = {"name": client.name, "memberships-TOTAL_FORMS": str(len(rows)), "memberships-INITIAL_FORMS": "0"}
    sent |= {"retention-TOTAL_FORMS": "0", "retention-INITIAL_FORMS": "0"}
    for number, (username, role) in enumerate(rows):
        sent |= {f"memberships-{number}-username": username, f"memberships-{number}-role": role}
    return sent


def test_a_manager_adds_a_member_by_name(acme: Rows, people: dict[str, User], browser_of: LogIn) -> None:
    browser_of("mona").post(page(acme.client), _members(acme.client, ("charlie", "viewer")))
    assert Membership.objects.get(user=people["charlie"], client=acme.client).role == "viewer"


@pytest.mark.parametrize("page_of", ["client", "user"])
def test_whoever_is_removed_comes_back_without_the_old_tokens(
    page_of: str, acme: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    bob, member = people["bob"], Membership.objects.get(user=people["bob"])
    token, _ = ApiToken.issue(user=bob, client=acme.client, role="viewer", name="wall")
    whose = acme.client if page_of == "client" else bob
    sent = _members(acme.client) | {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1"}
    sent |= {"slug": acme.client.slug, "is_active": "on", "username": "bob", "date_joined_0": "2026-01-01"}
    sent |= {"date_joined_1": "12:00", "memberships-0-id": str(member.pk), "memberships-0-role": "viewer"}
    sent |= {f"memberships-0-{page_of}": str(whose.pk), "memberships-0-DELETE": "on"}
    sent |= {} if page_of == "client" else {"memberships-0-client": str(acme.client.pk)}
    assert browser_of("root").post(page(whose), sent).status_code == 302
    assert not Membership.objects.filter(pk=member.pk).exists()
    token.refresh_from_db()
    assert token.revoked_at


@pytest.mark.parametrize("name", ["nobody", "bob"])
def test_a_member_must_exist_and_be_new(name: str, acme: Rows, browser_of: LogIn) -> None:
    before = Membership.objects.count()
    response = browser_of("mona").post(page(acme.client), _members(acme.client, (name, "viewer")))
    assert response.status_code == 200
    twice = _members(acme.client, ("charlie", "viewer"), ("charlie", "manager"))
    assert browser_of("mona").post(page(acme.client), twice).status_code == 200
    assert Membership.objects.count() == before


def test_an_operator_cannot_add_members(acme: Rows, browser_of: LogIn) -> None:
    assert browser_of("alice").post(page(acme.client), _members(acme.client)).status_code == 403


def test_the_first_page_says_what_to_do_next(db: None) -> None:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("first"))
    text = browser.get("/admin/").content.decode()
    assert "Start with a client" in text
    assert "create_instance" in text


@pytest.mark.parametrize("place", [Place(timezone.now(), 7), Place(None, 3)], ids=["time", "no time"])
def test_a_place_survives_the_address(place: Place) -> None:
    assert Place.read(str(place)) == place


@pytest.mark.parametrize("text", ["", "x", "1", ".", "9" * 40 + ".1", "1.x", "²."])
def test_a_foreign_place_is_no_place(text: str) -> None:
    assert Place.read(text) is None


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(-1600, "1 day ago"), (-5, "5 minutes ago"), (0, "now"), (25.5, "25 minutes from now")],
)
def test_a_time_is_told_from_now_and_exactly(minutes: float, shown: str) -> None:
    moment = timezone.now() + timedelta(minutes=minutes)
    told = str(display.when(moment)).replace("\xa0", " ")
    assert f">{shown}</time>" in told
    assert f'datetime="{moment.isoformat()}"' in told


@pytest.mark.parametrize(("zone", "shown"), [("America/Sao_Paulo", "-03:00"), ("../../etc", "+00:00")])
def test_times_are_in_the_zone_of_the_browser(zone: str, shown: str, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.COOKIES["timezone"] = zone
    moment = timezone.now()
    seen: Any = LocalTime(lambda _: json.loads(json.dumps(timezone.localtime(moment).isoformat())))(request)
    assert seen.endswith(shown)
    assert timezone.localtime(moment).utcoffset() == timedelta()
