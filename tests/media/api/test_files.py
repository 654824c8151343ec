"""The ledger as front ends see it."""

import base64
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Role, User, WhatsappInstance
from media.api.schema import ASKED_FOR, READY
from media.models import FetchAttempt, MediaFile
from media.serializers import MediaFileDetailSerializer, MediaFileSerializer
from tests.media.api.asking import bearer, path_of, problem
from tests.tenants import MEDIA_KEY, LogIn, Rows, make_media_file, make_message

pytestmark = pytest.mark.once
LIST = "/api/v1/media/"
JPEG = b"\xff\xd8\xff\xe0small"
HIDDEN = {
    "media_key": MEDIA_KEY,
    "direct_path": "/v/t62.7118-24/secret-path",
    "url": "https://mmg.example.com/secret-url",
    "media_id": "1234567890",
    "enc_sha256": "ab" * 32,
}


def listed(browser: Browser, **query: Any) -> list[int]:
    response = browser.get(LIST, query)
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


@pytest.mark.parametrize("name", ["alice", "bob", "mona", "root"])
def test_the_clients_people_see_its_files(name: str, acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of(name)
    assert acme.media_file.pk in listed(browser)
    assert browser.get(path_of(acme.media_file)).json()["id"] == acme.media_file.pk


@pytest.mark.parametrize("rest", ["", "attempts/", "content/"])
def test_another_clients_file_does_not_exist(rest: str, acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("charlie")
    assert acme.media_file.pk not in listed(browser)
    assert problem(browser.get(path_of(acme.media_file, rest))) == (404, "not_found")


@pytest.mark.parametrize("rest", ["fetch/", "link/"])
def test_nothing_is_done_to_another_clients_file(rest: str, acme: Rows, browser_of: LogIn) -> None:
    assert problem(browser_of("charlie").post(path_of(acme.media_file, rest))) == (404, "not_found")
    acme.media_file.refresh_from_db()
    assert acme.media_file.state == "failed"


@pytest.mark.parametrize("rest", ["", "attempts/", "content/"])
def test_without_a_login_nothing_is_shown(rest: str, acme: Rows) -> None:
    assert problem(Browser().get(path_of(acme.media_file, rest))) == (401, "not_authenticated")


def test_a_token_reaches_its_client_only(acme: Rows, rival: Rows, people: dict[str, User]) -> None:
    browser, _ = bearer(people["root"], acme.client)
    assert browser.get(path_of(acme.media_file)).status_code == 200
    assert browser.get(path_of(rival.media_file)).status_code == 404


def test_a_file_tells_all_but_how_to_get_it_elsewhere(acme: Rows, browser_of: LogIn) -> None:
    media_file = make_media_file(
        acme.instance, kind="voice", duration=7, waveform=bytes([0, 50, 99]), thumbnail=JPEG, **HIDDEN
    )
    response = browser_of("bob").get(path_of(media_file))
    told = response.json()
    assert (told["kind"], told["duration"], told["waveform"]) == ("voice", 7, [0, 50, 99])
    assert (told["client"], told["instance"]) == (acme.client.pk, acme.instance.pk)
    assert told["content_url"] == path_of(media_file, "content/")
    assert not [secret for secret in HIDDEN.values() if secret in response.content.decode()]


def test_a_file_names_its_message_and_conversation(acme: Rows, browser_of: LogIn) -> None:
    told = browser_of("bob").get(path_of(acme.media_file)).json()
    assert (told["message"], told["conversation"]) == (acme.message.pk, acme.conversation.pk)
    alone = browser_of("bob").get(path_of(make_media_file(acme.instance))).json()
    assert (alone["message"], alone["conversation"]) == (None, None)


@pytest.mark.parametrize(
    ("thumbnail", "there"),
    [(JPEG, True), (b"", False), (b"<svg onload=alert(1)>", False), (b"%PDF-1.7", False)],
)
def test_only_a_picture_is_shown_as_the_thumbnail(
    thumbnail: bytes, there: bool, acme: Rows, browser_of: LogIn
) -> None:
    told = browser_of("bob").get(path_of(make_media_file(acme.instance, thumbnail=thumbnail))).json()
    shown = f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}" if there else None
    assert told["thumbnail"] == shown


def test_the_list_says_only_whether_there_is_a_thumbnail(acme: Rows, browser_of: LogIn) -> None:
    make_media_file(acme.instance, thumbnail=JPEG)
    rows = browser_of("bob").get(LIST).json()["results"]
    assert [row["has_thumbnail"] for row in rows] == [True, False]
    assert "thumbnail" not in rows[0]


def test_the_next_try_is_told_of_waiting_files_only(acme: Rows, browser_of: LogIn) -> None:
    waiting, over = make_media_file(acme.instance), make_media_file(acme.instance, "expired")
    told = [browser_of("bob").get(path_of(row)).json()["next_attempt_at"] for row in (waiting, over)]
    assert datetime.fromisoformat(told[0]) == waiting.next_attempt_at
    assert told[1] is None


def test_the_newest_come_first_page_by_page(acme: Rows, browser_of: LogIn) -> None:
    now = timezone.now()
    made = [
        make_media_file(acme.instance, created_at=now + timedelta(minutes=minute)).pk for minute in (3, 1, 2)
    ]
    browser = browser_of("bob")
    first = browser.get(LIST, {"limit": 2}).json()
    second = browser.get(first["next"]).json()
    found = [row["id"] for row in first["results"] + second["results"]]
    assert found == [made[0], made[2], made[1], acme.media_file.pk]
    assert second["next"] is None
    assert [row["id"] for row in browser.get(second["previous"]).json()["results"]] == found[:2]


def test_the_list_can_be_narrowed(acme: Rows, browser_of: LogIn) -> None:
    second = WhatsappInstance.objects.create(client=acme.client, name="2", provider="cloud", instance_id="2")
    voice = make_media_file(second, "failed", kind="voice", cause="storage").pk
    browser, image = browser_of("bob"), acme.media_file.pk
    assert listed(browser, kind="voice") == [voice]
    assert listed(browser, kind=["voice", "image"]) == [voice, image]
    assert listed(browser, state="failed", cause="gone") == [image]
    assert listed(browser, state="ready") == []
    assert listed(browser, instance=second.pk) == [voice]
    assert listed(browser, client=acme.client.pk) == [voice, image]
    assert listed(browser, conversation=acme.conversation.pk) == [image]


def test_the_list_can_be_narrowed_to_a_time(acme: Rows, browser_of: LogIn) -> None:
    now = timezone.now()
    old = make_media_file(acme.instance, created_at=now - timedelta(days=3)).pk
    day_before = (now - timedelta(days=1)).isoformat()
    assert listed(browser_of("bob"), until=day_before) == [old]
    assert listed(browser_of("bob"), since=day_before) == [acme.media_file.pk]


def test_naming_another_clients_rows_finds_nothing(acme: Rows, rival: Rows, browser_of: LogIn) -> None:
    browser = browser_of("charlie")
    assert listed(browser, instance=acme.instance.pk) == []
    assert listed(browser, client=acme.client.pk) == []
    assert listed(browser, conversation=acme.conversation.pk) == []


@pytest.mark.parametrize("name", ["instance", "client", "conversation"])
@pytest.mark.parametrize(
    "value", ["0", "-1", "x", "1.5", "1e400", "NaN", "9" * 30, "9" * 5000, "1\x00", "\ud83d"]
)
def test_an_id_that_is_none_is_a_problem(name: str, value: str, acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").get(LIST, {name: value.encode("utf-8", "surrogatepass")})
    assert problem(response) == (400, "invalid")
    assert response.json()["errors"][0]["field"] == name


@pytest.mark.parametrize("name", ["state", "kind", "cause"])
@pytest.mark.parametrize("value", ["READY", "a\x00b", "x" * 5000])
def test_an_unknown_word_is_a_problem(name: str, value: str, acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").get(LIST, {name: value})
    assert problem(response) == (400, "invalid")
    assert response.json()["errors"][0]["field"] == name


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-13-01",
        "\x00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_that_is_none_is_a_problem(name: str, value: str, acme: Rows, browser_of: LogIn) -> None:
    response = browser_of("bob").get(LIST, {name: value})
    assert problem(response) == (400, "invalid")
    assert response.json()["errors"][0]["field"] == name


@pytest.mark.parametrize(
    "cursor", ["x", "older.", "older.1.x", "newer.9e9.1", "older.1.\x00", "older." + "9" * 5000]
)
def test_a_cursor_that_is_none_is_a_problem(cursor: str, acme: Rows, browser_of: LogIn) -> None:
    assert problem(browser_of("bob").get(LIST, {"cursor": cursor})) == (400, "invalid")


@pytest.mark.parametrize("pk", ["0", "-1", "x", "9" * 18, "9" * 19, "9" * 5000, "1%00", "%ED%A0%BD", "٣٣٣"])
@pytest.mark.parametrize("rest", ["", "content/", "attempts/"])
def test_an_id_of_nothing_is_not_found(pk: str, rest: str, acme: Rows, browser_of: LogIn) -> None:
    assert browser_of("bob").get(f"{LIST}{pk}/{rest}").status_code == 404


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_costs_the_same_whatever_its_size(
    count: int, acme: Rows, browser_of: LogIn, django_assert_max_num_queries: Any
) -> None:
    for _ in range(count):
        make_message(acme.conversation, media=make_media_file(acme.instance))
    browser = browser_of("bob")
    with django_assert_max_num_queries(5):
        rows = browser.get(LIST).json()["results"]
    assert len([row for row in rows if row["message"]]) == count + 1


def test_a_narrowed_page_is_read_along_an_index(
    acme: Rows, browser_of: LogIn, django_assert_max_num_queries: Any
) -> None:
    browser = browser_of("bob")
    with django_assert_max_num_queries(5) as asked:
        listed(browser, state=["failed", "expired"], kind=["image", "voice"], cause="gone")
    assert not [query["sql"] for query in asked.captured_queries if "DISTINCT" in query["sql"]]


def test_what_was_tried_is_listed_newest_first(acme: Rows, browser_of: LogIn) -> None:
    later = timezone.now() + timedelta(minutes=1)
    FetchAttempt.objects.create(
        media_file=acme.media_file,
        strategy="provider",
        started_at=later,
        outcome="unavailable",
        reason="HTTP 500",
    )
    rows = browser_of("bob").get(path_of(acme.media_file, "attempts/")).json()["results"]
    assert [(row["strategy"], row["outcome"], row["http_status"]) for row in rows] == [
        ("provider", "unavailable", None),
        ("cdn", "gone", 410),
    ]


def test_attempts_are_of_this_file_only(acme: Rows, browser_of: LogIn) -> None:
    untried = make_media_file(acme.instance)
    assert browser_of("bob").get(path_of(untried, "attempts/")).json()["results"] == []


@pytest.mark.parametrize("name", ["alice", "mona", "root"])
@pytest.mark.parametrize("state", ["pending", "expired", "failed", "unavailable", "missing"])
def test_an_operator_asks_for_a_file_again(name: str, state: str, acme: Rows, browser_of: LogIn) -> None:
    media_file = make_media_file(
        acme.instance, state, attempts=9, next_attempt_at=timezone.now() + timedelta(days=1)
    )
    response = browser_of(name).post(path_of(media_file, "fetch/"))
    assert (response.status_code, response.json()["state"]) == (202, "pending")
    media_file.refresh_from_db()
    assert (media_file.state, media_file.attempts) == ("pending", 0)
    assert media_file.next_attempt_at <= timezone.now()


def test_a_viewer_asks_for_nothing(acme: Rows, browser_of: LogIn, people: dict[str, User]) -> None:
    assert problem(browser_of("bob").post(path_of(acme.media_file, "fetch/"))) == (403, "permission_denied")
    browser, _ = bearer(people["mona"], acme.client, Role.VIEWER)
    assert problem(browser.post(path_of(acme.media_file, "fetch/"))) == (403, "permission_denied")
    acme.media_file.refresh_from_db()
    assert acme.media_file.state == "failed"


def test_a_file_that_is_here_need_not_be_fetched(ready: MediaFile, browser_of: LogIn) -> None:
    assert problem(browser_of("alice").post(path_of(ready, "fetch/"))) == (409, "ready")
    ready.refresh_from_db()
    assert ready.state == "ready"


def test_a_file_that_is_being_fetched_is_left_alone(acme: Rows, browser_of: LogIn) -> None:
    media_file = make_media_file(acme.instance, "fetching", attempts=3)
    response = browser_of("alice").post(path_of(media_file, "fetch/"))
    assert (response.status_code, response.json()["state"], response.json()["attempts"]) == (
        202,
        "fetching",
        3,
    )


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_ledger_cannot_be_written(method: str, acme: Rows, browser_of: LogIn) -> None:
    browser = browser_of("root")
    for target in (LIST, path_of(acme.media_file), path_of(acme.media_file, "content/")):
        assert getattr(browser, method)(target).status_code == 405


@pytest.mark.parametrize(
    ("example", "serializer"), [(READY, MediaFileDetailSerializer), (ASKED_FOR, MediaFileSerializer)]
)
def test_the_documents_examples_are_true(example: Any, serializer: Any) -> None:
    assert tuple(example.value) == serializer.Meta.fields
