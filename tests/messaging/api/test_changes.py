from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts import feed
from accounts.models import ApiToken, Change, Membership, Role, User
from tests.messaging.api.front import Front, errors
from tests.tenants import Rows, make_message

pytestmark = pytest.mark.django_db
People = dict[str, User]


@pytest.fixture
def start(acme: Rows, rival: Rows) -> int:
    """Something has been told before anybody looks."""
    tell(rival)
    return tell(acme)


def tell(rows: Rows, pk: int | None = None) -> int:
    at, topic = timezone.now(), feed.Topic.MESSAGE
    feed.tell([feed.change(rows.instance, topic, pk or rows.message.pk, feed.Action.UPDATED, at=at)])
    return Change.objects.latest("pk").pk


def test_without_a_cursor_there_is_only_the_present_one(front: Callable[[str], Front], start: int) -> None:
    assert front("bob").get("changes/") == {"results": [], "cursor": str(start), "more": False}


def test_changes_come_in_their_order_a_page_at_a_time(
    front: Callable[[str], Front], start: int, acme: Rows
) -> None:
    told = [tell(acme) for _ in range(3)]
    bob = front("bob")
    first = bob.get("changes/", after=start, limit=2)
    assert ([int(change["id"]) for change in first["results"]], first["more"]) == (told[:2], True)
    rest = bob.get("changes/", after=first["cursor"])
    assert ([int(change["id"]) for change in rest["results"]], rest["more"]) == (told[2:], False)
    assert rest["cursor"] == str(told[-1])


def test_a_change_shows_its_object_without_anything_secret(
    front: Callable[[str], Front], start: int, acme: Rows
) -> None:
    tell(acme)
    (change,) = front("bob").get("changes/", after=start)["results"]
    assert (change["type"], change["client"]) == ("message.updated", acme.client.pk)
    assert change["object"]["media"]["content_url"] == f"/api/v1/media/{acme.media_file.pk}/content/"


def test_an_hour_away_is_made_up_for(front: Callable[[str], Front], start: int, acme: Rows) -> None:
    told = [tell(acme, make_message(acme.conversation, text=f"{n}").pk) for n in range(250)]
    bob, cursor, seen, more = front("bob"), str(start), [], True
    while more:
        page = bob.get("changes/", after=cursor)
        seen += [int(change["id"]) for change in page["results"]]
        cursor, more = page["cursor"], page["more"]
    assert seen == told


@pytest.mark.parametrize("name", ["alice", "charlie"])
def test_another_clients_changes_are_never_seen(
    name: str, front: Callable[[str], Front], start: int, acme: Rows, rival: Rows
) -> None:
    own = {"alice": acme, "charlie": rival}[name]
    for _ in range(3):
        tell(acme)
        tell(rival)
    page = front(name).get("changes/", after=0)
    assert {change["client"] for change in page["results"]} == {own.client.pk}
    assert front(name).get("changes/", after=start, instance=acme.instance.pk)["cursor"] == page["cursor"]
    other = rival if own is acme else acme
    assert front(name).get("changes/", after=0, instance=other.instance.pk)["results"] == []


def test_a_token_narrows_what_is_seen(people: People, start: int, acme: Rows, rival: Rows) -> None:
    Membership.objects.create(user=people["alice"], client=rival.client, role=Role.VIEWER)
    _, key = ApiToken.issue(user=people["alice"], client=rival.client, role="viewer", name="wall")
    tell(acme)
    tell(rival)
    page = bearing(key).get("changes/", after=0)
    assert {change["client"] for change in page["results"]} == {rival.client.pk}


def bearing(key: str) -> Front:
    return Front(Browser(headers={"Authorization": f"Bearer {key}"}))


def test_nobody_is_told_without_a_login(start: int) -> None:
    assert bearing("mct_wrong").get("changes/", 401)["code"] == "authentication_failed"


def test_a_cursor_that_is_too_old_says_what_to_do(
    front: Callable[[str], Front], start: int, acme: Rows
) -> None:
    told = [tell(acme) for _ in range(3)]
    Change.objects.filter(pk__lt=told[-1]).delete()
    problem = front("bob").get("changes/", 410, after=start)
    assert (problem["code"], problem["cursor"]) == ("cursor_expired", str(told[-1]))
    assert "read the lists anew" in problem["detail"]


@pytest.mark.parametrize(
    "query",
    [
        {"after": "x"},
        {"after": "-1"},
        {"after": "9" * 30},
        {"after": "1\0"},
        {"after": "٣"},
        {"limit": "0", "after": "1"},
        {"limit": "501", "after": "1"},
        {"instance": "1.5"},
        {"types": "message.read"},
        {"types": b"\xed\xa0\x80"},
    ],
    ids=str,
)
def test_what_cannot_be_read_is_named(
    query: dict[str, Any], front: Callable[[str], Front], start: int
) -> None:
    assert list(errors(front("bob").get("changes/", 400, **query))) == [next(iter(query))]


def test_types_and_an_instance_narrow(front: Callable[[str], Front], start: int, acme: Rows) -> None:
    tell(acme)
    feed.tell([feed.change(acme.instance, feed.Topic.MEDIA, 1, feed.Action.UPDATED, at=timezone.now())])
    page = front("bob").get("changes/", after=start, types="media.updated, media.created")
    assert page == front("bob").get("changes/", after=start, types="media.*")
    assert [change["type"] for change in page["results"]] == ["media.updated"]


def test_a_page_costs_the_same_number_of_queries(
    front: Callable[[str], Front], start: int, acme: Rows, django_assert_max_num_queries: Any
) -> None:
    bob = front("bob")
    for count in (2, 20):
        for number in range(count):
            tell(acme, make_message(acme.conversation, text=f"{number}").pk)
        with django_assert_max_num_queries(20):
            assert len(bob.get("changes/", after=start)["results"]) >= count
