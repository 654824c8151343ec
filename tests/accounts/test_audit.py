from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from pytest_django import Settings

from accounts import audit
from accounts.audit import Action, Via
from accounts.models import ApiToken, AuditEntry, Membership, Role, User
from tests.tenants import LogIn, Rows, acme, browser_of, make_ready, people, rival, static_files_as_they_are

__all__ = ["acme", "browser_of", "people", "rival", "static_files_as_they_are"]

pytestmark = pytest.mark.django_db
LOGINS = ("login.succeeded", "login.ended", "login.failed")
TRAIL = "/admin/accounts/auditentry/"


def acts(**filters: Any) -> list[str]:
    """What was noted, the oldest first, without the logins of the tests themselves."""
    rows = AuditEntry.objects.filter(**filters).exclude(action__in=LOGINS).order_by("id")
    return list(rows.values_list("action", flat=True))


def thread(rows: Rows) -> str:
    return reverse("admin:messaging_conversation_change", args=[rows.conversation.pk])


def api(rows: Rows, rest: str = "") -> str:
    return f"/api/v1/conversations/{rows.conversation.pk}/{rest}"


def with_token(user: User, rows: Rows) -> Browser:
    _, key = ApiToken.issue(user=user, client=rows.client, role=Role.OPERATOR, name="front end")
    return Browser(headers={"Authorization": f"Bearer {key}"})


def test_an_opened_conversation_is_noted_once(
    acme: Rows, browser_of: LogIn, django_capture_on_commit_callbacks: Any
) -> None:
    browser = browser_of("alice")
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            browser.get(thread(acme))
    entry = AuditEntry.objects.get(action=Action.CONVERSATION_OPENED)
    assert (entry.username, entry.client_id, entry.object_id) == (
        "alice",
        acme.client.pk,
        acme.conversation.pk,
    )
    assert (entry.instance_id, entry.via, entry.address) == (acme.instance.pk, Via.WEB, "127.0.0.1")


def test_pieces_of_the_page_that_ask_for_news_are_no_openings(acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("alice")
    browser.get(reverse("admin:messaging_conversation_lines", args=[acme.conversation.pk]))
    browser.get(reverse("admin:messaging_conversation_rows"))
    assert acts() == []


def test_a_reader_of_the_api_is_named_with_the_token(acme: Rows, people: dict[str, User]) -> None:
    with_token(people["alice"], acme).get(api(acme, "messages/"))
    entry = AuditEntry.objects.get(action=Action.CONVERSATION_OPENED)
    assert (entry.username, entry.via) == ("alice", Via.API)
    assert entry.token_hint == ApiToken.objects.get().hint


@pytest.mark.parametrize(
    ("query", "headers", "noted"),
    [
        ("", {}, ["media.opened"]),
        ("?download=1", {}, ["media.downloaded"]),
        ("?rendition=thumbnail", {}, []),
        ("", {"If-None-Match": '"{sha}"'}, []),
    ],
    ids=["opened", "saved", "thumbnail", "known"],
)
def test_files_that_people_open_are_noted(
    query: str, headers: dict[str, str], noted: list[str], acme: Rows, browser_of: LogIn
) -> None:
    media_file = make_ready(acme.instance)
    given = {name: value.format(sha=media_file.sha256) for name, value in headers.items()}
    response: Any = browser_of("bob").get(f"/media-files/{media_file.pk}/{query}", headers=given)
    b"".join(response)
    assert acts() == noted


def test_the_pieces_of_a_film_are_one_opening_in_every_process(acme: Rows, browser_of: LogIn) -> None:
    media_file, browser = make_ready(acme.instance), browser_of("bob")
    for start in (0, 100, 200):
        # As if each were asked of another process, which remembers nothing.
        audit.forget()
        headers = {"Range": f"bytes={start}-{start + 9}"}
        assert len(b"".join(browser.get(f"/media-files/{media_file.pk}/", headers=headers))) == 10
    assert acts() == ["media.opened"]


def test_who_made_a_link_is_who_opens_the_file(acme: Rows, browser_of: LogIn) -> None:
    media_file, browser = make_ready(acme.instance), browser_of("alice")
    link = browser.post(f"/api/v1/media/{media_file.pk}/link/").json()["url"]
    response: Any = Browser().get(link)
    b"".join(response)
    opened = AuditEntry.objects.get(action=Action.MEDIA_OPENED)
    assert acts() == ["media.linked", "media.opened"]
    assert (opened.username, opened.facts) == ("alice", {"link": 1})


def test_links_to_many_files_are_one_entry(acme: Rows, browser_of: LogIn) -> None:
    ids = [make_ready(acme.instance).pk for _ in range(3)]
    browser_of("bob").post("/api/v1/media/links/", {"media": ids}, content_type="application/json")
    entry = AuditEntry.objects.get(action=Action.MEDIA_LINKED)
    assert (entry.client, entry.facts["files"]) == (acme.client, 3)


@pytest.mark.parametrize(
    ("method", "rest", "body", "noted"),
    [
        ("post", "messages/", {"text": "secret words"}, "message.sent"),
        ("post", "close/", {}, "conversation.closed"),
        ("post", "assign/", {"assigned_to": None}, None),
        ("patch", "", {"labels": []}, "conversation.labelled"),
        ("post", "notes/", {"text": "secret words"}, "note.written"),
    ],
)
def test_what_is_done_in_a_conversation_is_noted_without_its_words(
    method: str, rest: str, body: dict[str, Any], noted: str | None, acme: Rows, browser_of: LogIn
) -> None:
    response = getattr(browser_of("alice"), method)(api(acme, rest), body, content_type="application/json")
    assert response.status_code < 300
    assert acts() == ([noted] if noted else [])
    assert "secret" not in str(list(AuditEntry.objects.values()))


def test_a_refused_act_is_not_noted(acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").post(api(acme, "close/"))
    assert response.status_code == 403
    assert acts() == []


def test_what_is_rolled_back_is_not_noted(acme: Rows, people: dict[str, User]) -> None:
    with transaction.atomic():
        audit.note(Action.INSTANCE_CHANGED, acme.instance, by=people["mona"])
        transaction.set_rollback(True)
    assert acts() == []


def test_a_worker_notes_nothing_by_itself(acme: Rows) -> None:
    audit.note(Action.MEDIA_REQUESTED, acme.media_file)
    assert acts() == []
    audit.note(Action.DATA_PURGED, acme.client, by=None, files=3)
    assert AuditEntry.objects.get().via == Via.COMMAND


def test_forms_note_the_names_of_fields_and_no_values(acme: Rows, browser_of: LogIn) -> None:
    facts = {
        "name": "Acme line", "provider": "wapi", "instance_id": "id-Acme", "is_active": "on",
        "phone_number": "", "media_strategies": "", "new_token": "very-secret",
    }  # fmt: skip
    page = reverse("admin:accounts_whatsappinstance_change", args=[acme.instance.pk])
    assert browser_of("mona").post(page, facts).status_code == 302
    entry = AuditEntry.objects.get(action=Action.INSTANCE_CHANGED)
    assert entry.facts["fields"] == "token"
    assert "very-secret" not in str(entry.facts)


def test_members_that_a_form_adds_and_removes_are_noted(acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("mona")
    User.objects.create_user("dora")
    page = reverse("admin:accounts_client_change", args=[acme.client.pk])
    kept = list(Membership.objects.filter(client=acme.client).order_by("pk"))
    facts: dict[str, Any] = {"name": "Acme", "memberships-INITIAL_FORMS": len(kept)}
    facts["memberships-TOTAL_FORMS"] = len(kept) + 1
    for number, one in enumerate(kept):
        facts |= {f"memberships-{number}-id": one.pk, f"memberships-{number}-client": acme.client.pk}
        facts |= {f"memberships-{number}-role": one.role}
    facts[f"memberships-{len(kept)}-username"] = "dora"
    facts[f"memberships-{len(kept)}-role"] = "viewer"
    facts["memberships-1-DELETE"] = "on"
    facts |= {"retention-TOTAL_FORMS": 0, "retention-INITIAL_FORMS": 0}
    assert browser.post(page, facts).status_code == 302
    assert sorted(acts()) == ["member.added", "member.removed"]
    removed = AuditEntry.objects.get(action=Action.MEMBER_REMOVED)
    assert (removed.object_id, removed.facts["user"]) == (kept[1].pk, kept[1].user_id)


def test_rights_and_passwords_are_noted(browser_of: LogIn, people: dict[str, User]) -> None:
    bob = people["bob"]
    page = reverse("admin:auth_user_password_change", args=[bob.pk])
    secret = "a long enough one"
    assert browser_of("root").post(page, {"password1": secret, "password2": secret}).status_code == 302
    assert acts(object_id=bob.pk, object_type="accounts.user") == ["user.password_changed"]
    assert AuditEntry.objects.get(action=Action.USER_PASSWORD_CHANGED).username == "root"


def test_logins_and_failed_ones_are_noted(acme: Rows, people: dict[str, User]) -> None:
    people["alice"].set_password("right-password-1")
    people["alice"].save()
    browser = Browser()
    facts = {"username": "alice", "password": "wrong"}
    for _ in range(3):
        browser.post("/admin/login/", facts)
    browser.post("/admin/login/", {"username": "my password by mistake", "password": "x"})
    browser.post("/admin/login/", facts | {"password": "right-password-1"})
    browser.post("/admin/logout/")
    rows = AuditEntry.objects.filter(action__startswith="login.").order_by("id")
    assert list(rows.values_list("action", flat=True)) == ["login.failed", "login.succeeded", "login.ended"]
    assert "mistake" not in str(list(rows.values()))


def test_an_entry_outlives_what_it_tells_of(acme: Rows, rival: Rows, people: dict[str, User]) -> None:
    audit.note(Action.CLIENT_CHANGED, acme.client, by=people["bob"], fields="name")
    pk = people["bob"].pk
    people["bob"].delete()
    entry = AuditEntry.objects.select_related("user").get(action=Action.CLIENT_CHANGED)
    assert (entry.user_id, entry.username, entry.object_label) == (pk, "bob", "Acme")


@pytest.mark.parametrize(("https", "address"), [(False, "127.0.0.1"), (True, "198.51.100.7")])
def test_only_a_proxy_of_ours_says_where_people_come_from(
    https: bool, address: str, settings: Settings, acme: Rows, browser_of: LogIn
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if https else None
    browser_of("alice").get(thread(acme), headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert AuditEntry.objects.get(action=Action.CONVERSATION_OPENED).address == address
