"""Instances through the API, against the simulator where a provider is asked."""

import json
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from accounts.models import Change, WhatsappInstance
from tests.accounts.api.asking import ACTIONS, INSTANCES, at
from tests.accounts.api.conftest import Calls
from tests.simulator.server import Simulator
from tests.simulator.world import Line
from tests.telling import make_cloud, make_wapi
from tests.tenants import SECRETS, Rows


def new(rows: Rows, **changes: Any) -> dict[str, Any]:
    facts = {
        "client": rows.client.pk,
        "name": "Sales",
        "provider": "wapi",
        "instance_id": "NEW-1",
        "token": "t-1",
    }
    return facts | changes


@pytest.mark.parametrize("name", ["bob", "alice", "mona"])
def test_everybody_of_the_client_sees_its_instances_without_secrets(
    name: str, acme: Rows, calls: Calls
) -> None:
    found = calls(name).get(INSTANCES).json()["results"]
    assert [row["id"] for row in found] == [acme.instance.pk]
    [row] = found
    assert (row["abilities"]["pair"], row["abilities"]["window_seconds"], row["media_strategies"]) == (
        True,
        None,
        [],
    )
    hidden = (*SECRETS, acme.instance.webhook_key, "app_secret", "verify_token", '"token"')
    assert not any(secret in json.dumps(row) for secret in hidden)


def test_another_client_s_instance_does_not_exist(acme: Rows, calls: Calls) -> None:
    charlie = calls("charlie")
    assert charlie.get(INSTANCES, {"client": acme.client.pk}).json()["results"] == []
    assert charlie.get(at(acme.instance)).status_code == 404
    assert charlie.patch(at(acme.instance), {"name": "mine"}, format="json").status_code == 404
    for action, method in ACTIONS.items():
        assert getattr(charlie, method)(at(acme.instance, action)).status_code == 404


@pytest.mark.parametrize(("name", "allowed"), [("bob", set()), ("alice", {"check"})])
def test_who_is_no_manager_changes_nothing(
    name: str, allowed: set[str], sim: Simulator, line: Line, acme: Rows, calls: Calls
) -> None:
    caller = calls(name)
    for action, method in ACTIONS.items():
        answer = getattr(caller, method)(at(acme.instance, action))
        assert (answer.status_code != 403) is (action in allowed)
    assert caller.post(INSTANCES, new(acme), format="json").status_code == 403
    assert caller.patch(at(acme.instance), {"name": "x"}, format="json").status_code == 403
    assert caller.delete(at(acme.instance)).status_code == 403


def test_a_list_of_unreadable_secrets_is_still_a_list(acme: Rows, calls: Calls) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_whatsappinstance SET token = 'damaged'")
    mona = calls("mona")
    assert len(mona.get(INSTANCES).json()["results"]) == 1
    assert mona.patch(at(acme.instance), {"name": "New"}, format="json").json()["name"] == "New"
    answer = mona.post(at(acme.instance, "check"))
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_decrypt")
    assert mona.patch(at(acme.instance), {"token": "fresh"}, format="json").status_code == 200
    assert WhatsappInstance.objects.get(pk=acme.instance.pk).token == "fresh"


@pytest.mark.parametrize("count", [2, 20])
def test_a_page_costs_the_same_however_long(
    count: int, acme: Rows, calls: Calls, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        make_wapi(acme.client, f"id-{number}")
    bob = calls("bob")
    with django_assert_max_num_queries(4):
        assert len(bob.get(INSTANCES).json()["results"]) == count + 1


def test_lists_are_filtered(acme: Rows, calls: Calls) -> None:
    cloud = make_cloud(acme.client, is_active=False)
    bob = calls("bob")
    for query, found in (
        ({"provider": "cloud"}, [cloud.pk]),
        ({"status": "connected"}, []),
        ({"is_active": "true"}, [acme.instance.pk]),
        ({"client": acme.client.pk}, [cloud.pk, acme.instance.pk]),
        ({"client": 2**63 - 1}, []),
    ):
        assert [row["id"] for row in bob.get(INSTANCES, query).json()["results"]] == found


@pytest.mark.parametrize(
    "query", [{"client": "1" * 5000}, {"client": 2**63}, {"client": "1\x00"}, {"client": "-1"}, {"provider": "\x00"},
              {"status": "?"}, {"limit": "0"}, {"limit": "1" * 50}, {"cursor": "older.x"}, {"cursor": "older.1\x00"}]
)  # fmt: skip
def test_a_query_that_cannot_be_taken_is_a_problem(query: dict[str, Any], calls: Calls) -> None:
    answer = calls("bob").get(INSTANCES, query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, next(iter(query)))


def test_a_manager_adds_an_instance_and_its_secrets_are_encrypted(acme: Rows, calls: Calls) -> None:
    answer = calls("mona").post(INSTANCES, new(acme, media_strategies=["provider", "cdn"]), format="json")
    assert (answer.status_code, answer.json().get("media_strategies")) == (201, ["provider", "cdn"]), (
        answer.json()
    )
    instance = WhatsappInstance.objects.get(pk=answer.json()["id"])
    assert (instance.token, instance.media_strategies) == ("t-1", "provider,cdn")
    assert "token" not in answer.json()
    told = Change.objects.get(object_id=instance.pk, topic="instance")
    assert (told.type, told.client) == ("instance.created", acme.client)


def test_an_id_is_used_once_at_a_provider(acme: Rows, rival: Rows, calls: Calls) -> None:
    answer = calls("mona").post(INSTANCES, new(acme, instance_id=rival.instance.instance_id), format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "instance_id", "message": "This id is in use at this provider.", "code": "unique"}
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"client": 10**40}, "client"),
        ({"client": 1e999}, "client"),
        ({"client": True}, "client"),
        ({"client": "\ud800"}, "client"),
        ({"client": [1]}, "client"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": {"a": 1}}, "name"),
        ({"provider": "\ud800"}, "provider"),
        ({"provider": None}, "provider"),
        ({"instance_id": ""}, "instance_id"),
        ({"token": "\ud800"}, "token"),
        ({"token": ""}, "token"),
        ({"token": "x" * 5000}, "token"),
        ({"media_strategies": "cdn"}, "media_strategies"),
        ({"media_strategies": ["\x00"]}, "media_strategies.0"),
        ({"media_strategies": {"0": "cdn"}}, "media_strategies"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"phone_number": "5" * 21}, "phone_number"),
    ],
)
def test_what_cannot_be_stored_names_its_field(
    changes: dict[str, Any], field: str, acme: Rows, calls: Calls
) -> None:
    body = json.dumps(new(acme, **changes)).replace("Infinity", "1e999")
    answer = calls("mona").post(INSTANCES, body, content_type="application/json")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_nobody_adds_an_instance_to_another_client(rival: Rows, calls: Calls) -> None:
    answer = calls("mona").post(INSTANCES, new(rival), format="json")
    assert [error["code"] for error in answer.json()["errors"]] == ["does_not_exist"]


def test_a_change_writes_what_was_asked_and_nothing_the_worker_owns(acme: Rows, calls: Calls) -> None:
    body = {"name": "Renamed", "status": "connected", "alarm": "x", "webhook_key": "y"}
    answer = calls("mona").patch(at(acme.instance), body, format="json")
    before, after = acme.instance, WhatsappInstance.objects.get(pk=acme.instance.pk)
    assert (answer.json()["name"], after.name) == ("Renamed", "Renamed")
    assert (after.status, after.alarm, after.webhook_key) == (before.status, "", before.webhook_key)
    assert after.token == before.token


def test_client_and_provider_stay(acme: Rows, rival: Rows, calls: Calls) -> None:
    root = calls("root")
    for change in ({"client": rival.client.pk}, {"provider": "cloud"}):
        answer = root.patch(at(acme.instance), change, format="json")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "fixed")
    same = {"client": acme.client.pk, "provider": "wapi"}
    assert root.patch(at(acme.instance), same, format="json").status_code == 200


def test_only_an_instance_that_was_never_used_is_removed(acme: Rows, calls: Calls) -> None:
    mona, unused = calls("mona"), make_wapi(acme.client)
    assert mona.delete(at(acme.instance)).json()["code"] == "in_use"
    acme.media_file.message.delete()  # type: ignore[attr-defined]
    acme.media_file.delete()
    assert mona.delete(at(acme.instance)).json()["code"] == "in_use"
    assert mona.delete(at(unused)).status_code == 204
    assert Change.objects.get(topic="instance", action="deleted").object_id == unused.pk
