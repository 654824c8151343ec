import base64
from typing import Any

import pytest
import requests

from tests.simulator.conftest import Inbox
from tests.simulator.server import Simulator
from tests.simulator.world import Group, Line, Person, StoredFile


class Caller:
    def __init__(self, sim: Simulator, line: Line, token: str = "") -> None:
        self.base = sim.wapi_base
        self.line_id = line.id
        self.headers = {"Authorization": f"Bearer {token or line.token}"}

    def __call__(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        asked = {"instanceId": self.line_id, **query}
        return requests.request(
            method, self.base + path, params=asked, json=body, headers=self.headers, timeout=30
        )


@pytest.fixture
def call(sim: Simulator, wapi_line: Line) -> Caller:
    return Caller(sim, wapi_line)


def download_body(file: StoredFile, **changes: str) -> dict[str, str]:
    body = {"mediaKey": base64.b64encode(file.media_key).decode(), "directPath": file.direct_path}
    return {**body, "type": "image", "mimetype": "image/jpeg", **changes}


def test_it_tells_whether_the_line_is_connected(call: Caller, wapi_line: Line) -> None:
    assert call("GET", "/instance/status-instance").json() == {"instanceId": wapi_line.id, "connected": True}


def test_a_wrong_token_is_refused(sim: Simulator, wapi_line: Line) -> None:
    answer = Caller(sim, wapi_line, "another")("GET", "/instance/status-instance")
    assert (answer.status_code, answer.json()["error"]) == (401, True)


def test_without_instance_id_there_is_no_line(sim: Simulator, wapi_line: Line) -> None:
    headers = {"Authorization": f"Bearer {wapi_line.token}"}
    answer = requests.get(f"{sim.wapi_base}/instance/status-instance", headers=headers, timeout=30)
    assert answer.status_code == 404


def test_a_guessed_path_gets_express_text(call: Caller) -> None:
    answer = call("POST", "/media/download", {})
    assert (answer.status_code, "Cannot POST /v1/media/download" in answer.text) == (404, True)


def test_a_disconnected_line_sends_nothing(sim: Simulator, call: Caller, wapi_line: Line) -> None:
    wapi_line.connected = False
    answer = call("POST", "/message/send-text", {"phone": "5511900002222", "message": "oi"})
    assert (answer.status_code, answer.json()["message"]) == (401, "Whatsapp não conectado")
    assert sim.world.sent == []


def test_the_qr_code_comes_as_picture_or_json(call: Caller, wapi_line: Line) -> None:
    wapi_line.connected = False
    picture = call("GET", "/instance/qr-code", image="enable")
    shown = call("GET", "/instance/qr-code").json()["qrcode"]
    assert picture.headers["Content-Type"] == "image/png"
    assert base64.b64decode(shown.removeprefix("data:image/png;base64,")) == picture.content


def test_webhooks_are_set_and_read_back(call: Caller) -> None:
    call("PUT", "/webhook/update-webhook-received", {"value": "http://127.0.0.1/hook"})
    call("PUT", "/webhook/update-webhook-delivery", {"url": "http://127.0.0.1/hook", "enabled": True})
    found = call("GET", "/instance/fetch-instance").json()
    assert found["webhookReceivedUrl"] == "http://127.0.0.1/hook"
    assert found["webhookDeliveryUrl"] == ""


def test_a_sent_text_is_echoed_and_then_acknowledged(call: Caller, wapi_line: Line, inbox: Inbox) -> None:
    wapi_line.use_webhook(inbox.url)
    sent = call("POST", "/message/send-text", {"phone": "5511900002222", "message": "olá"}).json()
    echo, *statuses = inbox.wait_for(4)
    assert (echo["event"], echo["fromApi"], echo["messageId"]) == ("webhookDelivery", True, sent["messageId"])
    assert echo["msgContent"]["conversation"] == "olá"
    assert [status["status"] for status in statuses] == ["SERVER", "DELIVERY", "READ"]


def test_a_sent_file_can_be_fetched_from_the_cdn(
    sim: Simulator, call: Caller, wapi_line: Line, inbox: Inbox
) -> None:
    wapi_line.use_webhook(inbox.url)
    data = base64.b64encode(b"%PDF-1.4 example").decode()
    body = {"phone": "5511900002222", "document": f"data:application/pdf;base64,{data}", "extension": "pdf"}
    call("POST", "/message/send-document", body)
    path = inbox.wait_for(1)[0]["msgContent"]["documentMessage"]["directPath"]
    assert sim.world.sent[0].file is not None
    assert requests.get(sim.cdn_base + path, timeout=30).content == sim.world.sent[0].file.stored.data


@pytest.mark.parametrize("body", [{"phone": "5511900002222"}, {"phone": "nobody", "message": "oi"}])
def test_an_incomplete_sending_is_refused(call: Caller, body: dict[str, str]) -> None:
    assert call("POST", "/message/send-text", body).status_code == 400


def test_a_deleted_message_is_seen_revoked(call: Caller, wapi_line: Line, inbox: Inbox) -> None:
    wapi_line.use_webhook(inbox.url)
    call("DELETE", "/message/delete-message", phone="5511900002222", messageId="3EB0AA")
    revoke = inbox.wait_for(1)[0]["msgContent"]["protocolMessage"]
    assert (revoke["type"], revoke["key"]["ID"]) == ("REVOKE", "3EB0AA")


def test_a_download_lends_the_plain_file(sim: Simulator, call: Caller, wapi_line: Line) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    found = call("POST", "/message/download-media", download_body(file)).json()
    assert requests.get(found["fileLink"], timeout=30).content == file.plain.data
    sim.world.clock_offset += 90_000
    assert requests.get(found["fileLink"], timeout=30).status_code == 404


@pytest.mark.parametrize("changes", [{"mediaKey": "AAAA"}, {"directPath": "/v/t62/x"}, {"type": "video"}])
def test_a_download_with_a_wrong_fact_fails_as_in_the_field(
    sim: Simulator, call: Caller, wapi_line: Line, changes: dict[str, str]
) -> None:
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    answer = call("POST", "/message/download-media", download_body(file, **changes))
    assert answer.status_code == 500
    assert answer.json()["message"]["data"]["message"] == "Falha ao fazer o download do conteúdo."


def test_the_download_endpoint_can_fail_for_days(sim: Simulator, call: Caller, wapi_line: Line) -> None:
    sim.world.fault("download-media", status=500)
    file = sim.world.sample_file(wapi_line, "cake.jpg")
    answers = [call("POST", "/message/download-media", download_body(file)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [500, 500, 500]


def test_a_group_has_a_name_and_members(call: Caller, wapi_line: Line) -> None:
    member = Person("Ana", "5511900003333", "100000000033333@lid")
    wapi_line.groups["120363000000000001@g.us"] = Group("120363000000000001@g.us", "Pedidos", [member])
    group = call("GET", "/group/group-metadata", groupId="120363000000000001@g.us").json()["group"]
    assert (group["subject"], group["participants"][0]["lid"]) == ("Pedidos", "100000000033333@lid")


def test_a_phone_leads_to_its_lid(call: Caller) -> None:
    found = call("GET", "/contacts/phone-exists", phoneNumber="5511900002222").json()
    assert found["exists"]
    assert found["lid"].endswith("@lid")
