import base64
import json

import pytest
import responses

from accounts.providers import errors
from accounts.providers.base import QrCode
from accounts.providers.events import Party
from accounts.providers.wapi.client import WApi
from tests.accounts.providers.contract import ProviderContract
from tests.accounts.providers.lines import PHONE, WAPI, WAPI_ID, sent_body, sent_query

HOOK = "https://hub.example.com/webhook/receive/k/"
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
PNG_TEXT = base64.b64encode(PNG).decode()
GIF_TEXT = base64.b64encode(b"GIF89a").decode()
SENT = {"instanceId": WAPI_ID, "messageId": "3EB0AA", "insertedId": "q1"}


class TestContract(ProviderContract):
    @pytest.fixture
    def provider(self, wapi: WApi) -> WApi:
        return wapi


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"error": True, "message": "Whatsapp não conectado"}, errors.NotConnected),
        (401, {"error": True, "message": "Instance is not connected"}, errors.NotConnected),
        (401, {"error": True, "message": {"message": "WhatsApp desconectado"}}, errors.NotConnected),
        (401, {"error": True, "message": "Token inválido"}, errors.CredentialsRejected),
        (403, {"error": True, "message": "Assine novamente para usar"}, errors.CredentialsRejected),
        (400, {"error": True, "message": "Número inválido"}, errors.RequestRejected),
        (404, {"error": True, "message": "Mensagem não encontrada"}, errors.RequestRejected),
        (404, "Cannot POST /v1/message/send-text", errors.Unsupported),
        (429, {"error": True}, errors.Unavailable),
        (500, {"error": True, "message": "não conectado"}, errors.Unavailable),
        (200, {"error": True, "message": "Whatsapp não conectado"}, errors.NotConnected),
        (200, {"error": True, "message": "algo"}, errors.Unavailable),
        (200, {"error": "text"}, errors.Unavailable),
        (200, {"error": False, "data": {"error": True, "message": "algo"}}, errors.Unavailable),
        (302, {}, errors.UnexpectedResponse),
    ],
)
def test_the_status_and_the_body_decide_what_went_wrong(
    wapi: WApi, wire: responses.RequestsMock, status: int, body: object, error: type[Exception]
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    wire.post(f"{WAPI}/message/send-text", body=text, status=status)
    with pytest.raises(errors.ProviderError) as caught:
        wapi.send_text(PHONE, "hello")
    assert type(caught.value) is error


def test_an_error_flag_that_is_false_is_success(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.post(f"{WAPI}/message/send-text", json={**SENT, "error": False})
    assert wapi.send_text(PHONE, "hello") == "3EB0AA"


def test_every_call_names_the_instance(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.delete(f"{WAPI}/message/delete-message", json={"error": False})
    wapi.delete_message(PHONE, "M1")
    assert sent_query(wire) == {"phone": [PHONE], "messageId": ["M1"], "instanceId": [WAPI_ID]}


@pytest.mark.parametrize("connected", [True, False])
def test_the_state_of_the_line_is_told(wapi: WApi, wire: responses.RequestsMock, connected: bool) -> None:
    wire.get(f"{WAPI}/instance/status-instance", json={"instanceId": WAPI_ID, "connected": connected})
    assert wapi.status().connected is connected


def test_a_session_that_is_down_is_a_state_and_no_error(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.get(f"{WAPI}/instance/status-instance", status=401, json={"message": "Whatsapp não conectado"})
    state = wapi.status()
    assert (state.connected, state.detail) == (False, "Whatsapp não conectado")


@pytest.mark.parametrize(
    "body",
    [
        {"qrcode": f"data:image/png;base64,{PNG_TEXT}"},
        {"qrCode": PNG_TEXT},
        {"data": {"qrcode": PNG_TEXT}},
        {"qr": PNG_TEXT},
        {"base64": PNG_TEXT, "connected": False},
    ],
)
def test_a_qr_code_comes_in_many_shapes(
    wapi: WApi, wire: responses.RequestsMock, body: dict[str, object]
) -> None:
    wire.get(f"{WAPI}/instance/qr-code", json=body)
    assert wapi.qr_code() == QrCode(png=PNG)


def test_a_qr_code_may_be_a_picture_itself(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.get(f"{WAPI}/instance/qr-code", body=PNG, content_type="image/png")
    assert wapi.qr_code() == QrCode(png=PNG)
    assert sent_query(wire)["image"] == ["enable"]


@pytest.mark.parametrize("body", [{"connected": True}, {"instanceId": WAPI_ID}])
def test_a_connected_line_has_no_qr_code(
    wapi: WApi, wire: responses.RequestsMock, body: dict[str, object]
) -> None:
    wire.get(f"{WAPI}/instance/qr-code", json=body)
    assert wapi.qr_code() == QrCode(connected=True)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"connected": False}, errors.Unavailable),
        ({"qrcode": "2@text-of-a-code"}, errors.UnexpectedResponse),
        ({"qrcode": f"data:text/html;base64,{GIF_TEXT}"}, errors.UnexpectedResponse),
    ],
)
def test_what_is_no_picture_is_not_shown_as_a_qr_code(
    wapi: WApi, wire: responses.RequestsMock, body: dict[str, object], error: type[Exception]
) -> None:
    wire.get(f"{WAPI}/instance/qr-code", json=body)
    with pytest.raises(error):
        wapi.qr_code()


@pytest.mark.parametrize("body", [{"pairingCode": "ABCD1234"}, {"code": "ABCD1234"}])
def test_a_pairing_code_is_asked_for_a_phone(
    wapi: WApi, wire: responses.RequestsMock, body: dict[str, str]
) -> None:
    wire.get(f"{WAPI}/instance/pairing-code", json=body)
    assert wapi.pairing_code("+" + PHONE) == "ABCD1234"
    assert sent_query(wire)["phoneNumber"] == [PHONE]


@pytest.mark.parametrize("verb", ["restart", "disconnect"])
def test_the_line_can_be_restarted_and_ended(wapi: WApi, wire: responses.RequestsMock, verb: str) -> None:
    wire.get(f"{WAPI}/instance/{verb}", json={"error": False, "message": "ok"})
    getattr(wapi, verb)()
    assert len(wire.calls) == 1


SLOTS = {
    "received": "webhookReceivedUrl",
    "delivery": "webhookDeliveryUrl",
    "message-status": "webhookStatusUrl",
    "connected": "webhookConnectedUrl",
    "disconnected": "webhookDisconnectedUrl",
    "chat-presence": "webhookPresenceUrl",
}


def test_all_six_webhooks_are_set_and_read_back(wapi: WApi, wire: responses.RequestsMock) -> None:
    for slot in SLOTS:
        wire.put(f"{WAPI}/webhook/update-webhook-{slot}", json={"error": False})
    wire.get(f"{WAPI}/instance/fetch-instance", json=dict.fromkeys(SLOTS.values(), HOOK))
    assert wapi.configure_webhooks(HOOK) == dict.fromkeys(SLOTS, HOOK)
    assert [sent_body(wire, index) for index in range(6)] == [{"value": HOOK}] * 6


def test_a_webhook_that_was_not_saved_is_named(wapi: WApi, wire: responses.RequestsMock) -> None:
    for slot in SLOTS:
        wire.put(f"{WAPI}/webhook/update-webhook-{slot}", json={"error": False})
    kept = dict.fromkeys(SLOTS.values(), HOOK) | {"webhookStatusUrl": None, "webhookPresenceUrl": "other"}
    wire.get(f"{WAPI}/instance/fetch-instance", json=kept)
    with pytest.raises(errors.UnexpectedResponse, match="message-status, chat-presence$"):
        wapi.configure_webhooks(HOOK)


@pytest.mark.parametrize(
    "body", [{"group": {"subject": "Team"}}, {"group": {"name": "Team"}}, {"subject": "Team"}]
)
def test_a_group_has_a_subject(wapi: WApi, wire: responses.RequestsMock, body: dict[str, object]) -> None:
    wire.get(f"{WAPI}/group/group-metadata", json=body)
    assert wapi.group_metadata("120363000000000001@g.us") == "Team"
    assert sent_query(wire)["groupId"] == ["120363000000000001@g.us"]


def test_a_phone_leads_to_its_lid(wapi: WApi, wire: responses.RequestsMock) -> None:
    found = {"exists": True, "phoneNumber": f"{PHONE}@s.whatsapp.net", "lid": "100000000022222@lid"}
    wire.get(f"{WAPI}/contacts/phone-exists", json=found)
    assert wapi.phone_exists(PHONE) == Party(phone=PHONE, lid="100000000022222@lid")


def test_a_phone_without_whatsapp_is_nobody(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.get(f"{WAPI}/contacts/phone-exists", json={"exists": False})
    assert wapi.phone_exists(PHONE) is None


def test_an_answer_that_does_not_say_who_exists_is_an_error(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.get(f"{WAPI}/contacts/phone-exists", json={"phoneNumber": PHONE})
    with pytest.raises(errors.UnexpectedResponse):
        wapi.phone_exists(PHONE)


def test_the_webhook_must_name_the_instance(wapi: WApi) -> None:
    body = json.dumps({"event": "webhookConnected", "instanceId": WAPI_ID}).encode()
    wapi.verify_webhook(body, {})
    with pytest.raises(errors.WebhookNotAuthentic):
        wapi.verify_webhook(body.replace(b"AB12CD", b"XX12CD"), {})


def test_an_answer_that_tells_no_webhooks_is_an_error(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.get(f"{WAPI}/instance/fetch-instance", json={"instanceId": WAPI_ID})
    with pytest.raises(errors.UnexpectedResponse):
        wapi.read_webhooks()


def test_a_group_without_a_subject_is_an_error(wapi: WApi, wire: responses.RequestsMock) -> None:
    wire.get(f"{WAPI}/group/group-metadata", json={"group": {"id": "120363000000000001@g.us"}})
    with pytest.raises(errors.UnexpectedResponse):
        wapi.group_metadata("120363000000000001@g.us")
