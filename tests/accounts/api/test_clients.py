"""Clients and their members, and what they used."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiToken, Client, Membership, Role, Usage, User
from tests.accounts.api.conftest import Calls, bearing
from tests.telling import make_cloud
from tests.tenants import Rows, make_user

CLIENTS = "/api/v1/clients/"


def at(client: Client, *rest: object) -> str:
    return CLIENTS + "".join(f"{part}/" for part in (client.pk, *rest))


def member(client: Client, name: str) -> Membership:
    return Membership.objects.get(client=client, user__username=name)


def test_people_see_their_own_clients(acme: Rows, rival: Rows, calls: Calls) -> None:
    for name, found in (("bob", {"acme"}), ("charlie", {"rival"}), ("root", {"acme", "rival"})):
        assert {row["slug"] for row in calls(name).get(CLIENTS).json()["results"]} == found
    assert calls("charlie").get(at(acme.client)).status_code == 404


def test_the_quota_is_shown_and_not_changed_here(acme: Rows, calls: Calls) -> None:
    Client.objects.filter(pk=acme.client.pk).update(quota_bytes=5_000_000_000)
    assert calls("mona").get(at(acme.client)).json()["quota_bytes"] == 5_000_000_000
    changed = calls("root").patch(at(acme.client), {"quota_bytes": 1}, format="json")
    assert changed.json()["quota_bytes"] == 5_000_000_000


def test_a_manager_renames_the_client_and_nothing_else(acme: Rows, calls: Calls) -> None:
    mona = calls("mona")
    assert mona.patch(at(acme.client), {"name": "Acme Ltd"}, format="json").json()["name"] == "Acme Ltd"
    for change in ({"is_active": False}, {"slug": "other"}, {"name": "x", "is_active": True}):
        assert mona.patch(at(acme.client), change, format="json").status_code == 403
    assert calls("alice").patch(at(acme.client), {"name": "x"}, format="json").status_code == 403
    assert calls("charlie").patch(at(acme.client), {"name": "x"}, format="json").status_code == 404
    assert (
        calls("root").patch(at(acme.client), {"is_active": False}, format="json").json()["is_active"] is False
    )


def test_only_an_administrator_adds_clients_and_never_by_a_token(
    acme: Rows, people: dict[str, User], calls: Calls
) -> None:
    body = {"name": "Padaria", "slug": "padaria"}
    assert calls("mona").post(CLIENTS, body, format="json").status_code == 403
    assert bearing(people["root"], acme.client).post(CLIENTS, body, format="json").status_code == 403
    assert calls("root").post(CLIENTS, body, format="json").status_code == 201
    answer = calls("root").post(CLIENTS, body, format="json")
    assert [error["field"] for error in answer.json()["errors"]] == ["slug"]


def test_members_are_seen_by_all_of_the_client_and_by_nobody_else(acme: Rows, calls: Calls) -> None:
    found = calls("bob").get(at(acme.client, "members")).json()["results"]
    assert {(row["user"]["username"], row["role"]) for row in found} == {
        ("alice", "operator"),
        ("bob", "viewer"),
        ("mona", "manager"),
    }
    assert calls("charlie").get(at(acme.client, "members")).status_code == 404


def test_another_client_s_membership_does_not_exist_under_mine(acme: Rows, rival: Rows, calls: Calls) -> None:
    theirs = member(rival.client, "charlie")
    for client in (acme.client, rival.client):
        assert calls("mona").delete(at(client, "members", theirs.pk)).status_code == 404
    assert Membership.objects.filter(pk=theirs.pk).exists()


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_of_members_costs_the_same_however_long(
    count: int, acme: Rows, calls: Calls, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        make_user(f"user{number}", acme.client)
    bob = calls("bob")
    with django_assert_max_num_queries(5):
        assert len(bob.get(at(acme.client, "members")).json()["results"]) == count + 3


def test_a_manager_adds_changes_and_removes_members(acme: Rows, calls: Calls) -> None:
    mona, dora = calls("mona"), make_user("dora")
    answer = mona.post(at(acme.client, "members"), {"username": "dora", "role": "operator"}, format="json")
    assert (answer.status_code, answer.json()["user"]["id"], answer.json()["role"]) == (
        201,
        dora.pk,
        "operator",
    )
    one = at(acme.client, "members", answer.json()["id"])
    assert mona.patch(one, {"role": "viewer"}, format="json").json()["role"] == "viewer"
    assert mona.delete(one).status_code == 204
    assert mona.delete(one).status_code == 404


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_who_is_no_manager_changes_no_members(name: str, acme: Rows, calls: Calls) -> None:
    caller, one = calls(name), at(acme.client, "members", member(acme.client, "bob").pk)
    body = {"username": "charlie", "role": "viewer"}
    assert caller.post(at(acme.client, "members"), body, format="json").status_code == 403
    assert caller.patch(one, {"role": "manager"}, format="json").status_code == 403
    assert caller.delete(one).status_code == 403


@pytest.mark.parametrize(
    "name", ["nobody", "gone", "al\x00ice", "\ud800", "x" * 200, "", None, 5, ["alice"], "alice"]
)
def test_a_name_that_cannot_be_added_is_named_as_a_field(name: Any, acme: Rows, calls: Calls) -> None:
    User.objects.create_user("gone", is_active=False)
    body = json.dumps({"username": name, "role": "viewer"})
    answer = calls("mona").post(at(acme.client, "members"), body, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "username")


def test_the_last_manager_stays_unless_an_administrator_acts(acme: Rows, calls: Calls) -> None:
    one, mona = at(acme.client, "members", member(acme.client, "mona").pk), calls("mona")
    assert mona.patch(one, {"role": "manager"}, format="json").status_code == 200
    for answer in (mona.patch(one, {"role": "viewer"}, format="json"), mona.delete(one)):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_manager")
    assert calls("root").patch(one, {"role": "viewer"}, format="json").status_code == 200


def test_one_of_two_managers_may_leave(acme: Rows, calls: Calls) -> None:
    Membership.objects.filter(user__username="alice").update(role=Role.MANAGER)
    one = at(acme.client, "members", member(acme.client, "mona").pk)
    assert calls("mona").delete(one).status_code == 204


def test_who_leaves_does_not_come_back_with_an_old_token(
    acme: Rows, people: dict[str, User], calls: Calls
) -> None:
    alice = calls("alice")
    calls("mona").delete(at(acme.client, "members", member(acme.client, "alice").pk))
    Membership.objects.create(user=people["alice"], client=acme.client, role=Role.OPERATOR)
    assert alice.get(CLIENTS).status_code == 401
    assert ApiToken.objects.get(user=people["alice"]).revoked_at is not None


@pytest.fixture
def used(acme: Rows, rival: Rows) -> None:
    second = make_cloud(acme.client)
    for instance, month, kind, inbound, size in (
        (acme.instance, 1, "text", 5, 0),
        (acme.instance, 3, "image", 2, 100),
        (second, 3, "image", 1, 50),
        (rival.instance, 3, "image", 900, 900),
    ):
        Usage.objects.create(
            instance=instance,
            month=date(2026, month, 1),
            kind=kind,
            inbound=inbound,
            files=inbound,
            bytes=size,
        )


def usage(caller: Any, client: Client, **query: Any) -> Any:
    return caller.get(at(client, "usage"), query)


def test_usage_is_summed_over_the_instances_of_the_client(used: None, acme: Rows, calls: Calls) -> None:
    told = usage(calls("bob"), acme.client, **{"from": "2026-01", "to": "2026-03"}).json()
    assert told == {
        "from": "2026-01",
        "to": "2026-03",
        "rows": [
            {"month": "2026-01", "kind": "text", "inbound": 5, "outbound": 0, "files": 5, "bytes": 0},
            {"month": "2026-03", "kind": "image", "inbound": 3, "outbound": 0, "files": 3, "bytes": 150},
        ],
        "totals": {"inbound": 8, "outbound": 0, "files": 8, "bytes": 150},
    }


def test_usage_is_of_one_instance_when_asked(used: None, acme: Rows, rival: Rows, calls: Calls) -> None:
    query = {"from": "2026-01", "to": "2026-12"}
    told = usage(calls("bob"), acme.client, instance=acme.instance.pk, **query).json()
    assert told["totals"]["inbound"] == 7
    told = usage(calls("bob"), acme.client, instance=rival.instance.pk, **query).json()
    assert (told["rows"], told["totals"]["inbound"]) == ([], 0)
    assert usage(calls("charlie"), acme.client).status_code == 404


def test_usage_is_of_twelve_months_unless_asked_otherwise(acme: Rows, calls: Calls) -> None:
    now = timezone.now()
    told = usage(calls("bob"), acme.client).json()
    assert (told["from"], told["to"]) == (
        f"{datetime(now.year - (now.month < 12), now.month % 12 + 1, 1, tzinfo=UTC):%Y-%m}",
        f"{now:%Y-%m}",
    )
    assert usage(calls("bob"), acme.client, to="0001-02").json()["from"] == "0001-01"


@pytest.mark.parametrize(
    "query", [{"from": "2026"}, {"from": "2026-13"}, {"from": "2026-03\x00"}, {"to": "9" * 5000}, {"to": "0000-01"},
              {"instance": "x"}, {"instance": str(2**63)}, {"instance": "1" * 5000}, {"from": "9999-12"}]
)  # fmt: skip
def test_a_question_about_usage_that_makes_no_sense_names_its_field(
    query: dict[str, str], acme: Rows, calls: Calls
) -> None:
    answer = usage(calls("bob"), acme.client, **query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, next(iter(query)))
