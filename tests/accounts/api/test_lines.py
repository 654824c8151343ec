"""What the API asks of a line's provider, which is the simulator."""

import base64
import json
from typing import Any

import pytest

from accounts.services import webhook_url
from tests.accounts.api.asking import ACTIONS, at
from tests.accounts.api.conftest import Calls
from tests.simulator.server import Simulator
from tests.simulator.world import Line
from tests.telling import composer, make_cloud
from tests.tenants import SECRETS, Rows


def test_a_check_tells_and_keeps_what_the_provider_says(
    sim: Simulator, line: Line, acme: Rows, calls: Calls
) -> None:
    told = calls("alice").post(at(acme.instance, "check")).json()
    assert (told["connected"], told["instance"]["status"]) == (True, "connected")
    line.connected = False
    told = calls("alice").post(at(acme.instance, "check")).json()
    assert (told["connected"], told["instance"]["alarm"]) == (False, "The line is disconnected.")


def test_a_line_that_is_not_connected_shows_its_code(
    sim: Simulator, line: Line, acme: Rows, calls: Calls
) -> None:
    mona = calls("mona")
    assert mona.get(at(acme.instance, "qr-code")).json() == {"connected": True, "png": None}
    line.connected = False
    shown = mona.get(at(acme.instance, "qr-code")).json()
    head, _, picture = shown["png"].partition(",")
    assert (shown["connected"], head) == (False, "data:image/png;base64")
    assert base64.b64decode(picture).startswith(b"\x89PNG")


@pytest.mark.parametrize("phone", ["5511900001234", "+5511900001234"])
def test_a_pairing_code_is_for_a_phone(
    phone: str, sim: Simulator, line: Line, acme: Rows, calls: Calls
) -> None:
    answer = calls("mona").post(at(acme.instance, "pairing-code"), {"phone": phone}, format="json")
    assert len(answer.json()["code"]) == 8
    [asked] = sim.world.seen("pairing-code")
    assert "5511900001234" in str(asked)


@pytest.mark.parametrize("phone", ["", "55119", "٥٥١١٩٠٠٠٠١", "5511 90000", None, 10**30, "1\x00"])
def test_a_pairing_code_is_for_nothing_else(phone: Any, acme: Rows, calls: Calls) -> None:
    answer = calls("mona").post(at(acme.instance, "pairing-code"), {"phone": phone}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "phone")


def test_a_line_is_restarted_and_disconnected(sim: Simulator, line: Line, acme: Rows, calls: Calls) -> None:
    mona = calls("mona")
    mona.post(at(acme.instance, "check"))
    assert mona.post(at(acme.instance, "restart")).status_code == 204
    assert mona.post(at(acme.instance, "disconnect")).status_code == 204
    acme.instance.refresh_from_db()
    assert (line.connected, acme.instance.status) == (False, "disconnected")


def test_webhooks_are_set_and_read_back(sim: Simulator, line: Line, acme: Rows, calls: Calls) -> None:
    mona, url = calls("mona"), webhook_url(acme.instance)
    before = mona.get(at(acme.instance, "webhooks")).json()
    assert (before["url"], before["matches"], set(before["at_provider"].values())) == (url, False, {""})
    after = mona.post(at(acme.instance, "webhooks")).json()
    assert (after["matches"], after["at_provider"]["received"]) == (True, url)
    line.webhooks["received"] = "https://elsewhere.example.com/"
    assert mona.get(at(acme.instance, "webhooks")).json()["matches"] is False


def test_at_meta_the_narrowest_address_counts(sim: Simulator, acme: Rows, calls: Calls) -> None:
    cloud = make_cloud(acme.client)
    composer(sim.world, cloud)
    told = calls("mona").post(at(cloud, "webhooks")).json()
    assert (told["matches"], told["at_provider"]["phone_number"]) == (True, webhook_url(cloud))


def test_our_address_is_told_where_the_provider_refuses(sim: Simulator, acme: Rows, calls: Calls) -> None:
    cloud = make_cloud(acme.client)
    answer = calls("mona").get(at(cloud, "webhooks"))
    assert (answer.status_code, answer.json()["url"]) == (409, webhook_url(cloud))


def test_a_rotated_key_makes_a_new_address(acme: Rows, calls: Calls) -> None:
    old = webhook_url(acme.instance)
    told = calls("mona").post(at(acme.instance, "rotate-webhook-key")).json()
    acme.instance.refresh_from_db()
    assert told == {"url": webhook_url(acme.instance)}
    assert told["url"] != old


@pytest.mark.parametrize("action", ["qr-code", "pairing-code", "restart", "disconnect"])
def test_what_a_provider_cannot_do_is_a_conflict(
    action: str, sim: Simulator, acme: Rows, calls: Calls
) -> None:
    cloud, caller = make_cloud(acme.client), calls("mona")
    body = {"phone": "5511900001234"} if action == "pairing-code" else {}
    answer = caller.generic(ACTIONS[action].upper(), at(cloud, action), json.dumps(body), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "unsupported")
    assert "needs no pairing" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 503, "retry_after": "42"}, 503, "provider_unavailable"),
        ({"status": 400}, 409, "refused"),
        ({"status": 403}, 409, "line_down"),
        ({"status": 200, "html": True}, 502, "unexpected_response"),
    ],
)
def test_a_provider_s_trouble_is_told_as_what_it_is(
    fault: dict[str, Any], status: int, code: str, sim: Simulator, line: Line, acme: Rows, calls: Calls
) -> None:
    sim.world.fault("status-instance", **fault)
    answer = calls("mona").post(at(acme.instance, "check"))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.get("Retry-After") == "42") is (status == 503)
    assert not any(secret in answer.content.decode() for secret in SECRETS)


def test_a_refused_token_raises_the_alarm(sim: Simulator, line: Line, acme: Rows, calls: Calls) -> None:
    line.token = "another"  # noqa: S105
    assert calls("alice").post(at(acme.instance, "check")).json()["code"] == "line_down"
    acme.instance.refresh_from_db()
    assert acme.instance.alarm
