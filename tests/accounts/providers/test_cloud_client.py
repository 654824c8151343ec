import hashlib
import hmac
import json

import pytest
import responses

from accounts.providers import errors
from accounts.providers.base import Credentials
from accounts.providers.cloud.client import Cloud
from accounts.providers.http import Door, Rules
from tests.accounts.providers.contract import ProviderContract
from tests.accounts.providers.lines import CLOUD, CLOUD_ID, PHONE, sent_body, sent_query

LINE = f"{CLOUD}/{CLOUD_ID}"
MESSAGES = f"{LINE}/messages"
HOOK = "https://hub.example.com/webhook/receive/k/"
ACTIVE = {
    "verified_name": "Acme",
    "code_verification_status": "EXPIRED",
    "display_phone_number": "+55 11 90000-0001",
    "quality_rating": "GREEN",
    "platform_type": "CLOUD_API",
    "status": "CONNECTED",
    "id": CLOUD_ID,
}
CODES = {
    errors.CredentialsRejected: [0, 3, 10, 190, 200, 250, 299, 131005],
    errors.RequestRejected: [
        *[33, 100, 131008, 131009, 131021, 131030, 131051],
        *[130403, 131026, 131050, 131049, 130472, 137000, 131062],
        *[132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068, 132069, 131063],
        131053,
        *[139100, 139101, 139102, 139103],
    ],
    errors.WindowClosed: [131047],
    errors.Unavailable: [4, 80007, 130429, 131016, 131057, 133016, 1, 2, 131000],
    errors.TooManyToOneChat: [131056],
    errors.LineDown: [
        *[368, 130497, 131031, 131048, 131064],
        *[131042, 131044, 131045, 131037],
        *[2593107, 2593108],
    ],
    errors.MediaGone: [131052],
}


class TestContract(ProviderContract):
    @pytest.fixture
    def provider(self, cloud: Cloud) -> Cloud:
        return cloud


@pytest.mark.parametrize(("code", "error"), [(code, kind) for kind, codes in CODES.items() for code in codes])
@pytest.mark.parametrize("status", [400, 500])
def test_the_error_code_decides_whatever_the_status(
    cloud: Cloud, wire: responses.RequestsMock, code: int, error: type[Exception], status: int
) -> None:
    told = {"code": code, "message": "title", "error_data": {"details": "What is wrong."}}
    wire.post(MESSAGES, status=status, json={"error": told})
    with pytest.raises(errors.ProviderError) as caught:
        cloud.send_text(PHONE, "hello")
    assert type(caught.value) is error
    assert (caught.value.reason, caught.value.status) == (f"{code}: What is wrong.", status)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": 999999, "message": "m"}, errors.RequestRejected),
        (400, {"code": 999999, "is_transient": True}, errors.Unavailable),
        (401, {"code": 999999}, errors.CredentialsRejected),
        (403, {}, errors.CredentialsRejected),
        (404, {"code": "nonsense"}, errors.RequestRejected),
        (429, "text", errors.Unavailable),
        (500, None, errors.Unavailable),
        (302, {}, errors.UnexpectedResponse),
        (200, {"code": 131026}, errors.RequestRejected),
    ],
)
def test_without_a_known_code_the_status_decides(
    cloud: Cloud, wire: responses.RequestsMock, status: int, error: object, kind: type[Exception]
) -> None:
    wire.post(MESSAGES, status=status, json={"error": error})
    with pytest.raises(errors.ProviderError) as caught:
        cloud.send_text(PHONE, "hello")
    assert type(caught.value) is kind


def test_the_wait_that_meta_asks_for_is_told(cloud: Cloud, wire: responses.RequestsMock) -> None:
    wire.post(MESSAGES, status=400, json={"error": {"code": 130429}}, headers={"Retry-After": "30"})
    with pytest.raises(errors.Unavailable) as caught:
        cloud.send_text(PHONE, "hello")
    assert (caught.value.retry_after, caught.value.reason) == (30, "error 130429")


def test_a_line_tells_its_state(cloud: Cloud, wire: responses.RequestsMock) -> None:
    wire.get(LINE, json=ACTIVE)
    state = cloud.status()
    assert (state.connected, state.phone) == (True, "5511900000001")
    assert state.detail == "Acme, GREEN, EXPIRED, CONNECTED"
    assert "quality_rating" in sent_query(wire)["fields"][0]


@pytest.mark.parametrize(
    ("change", "connected"),
    [
        ({"status": "BANNED"}, False),
        ({"status": "DISCONNECTED"}, False),
        ({"status": "FLAGGED"}, True),
        ({"status": None}, True),
        ({"platform_type": "NOT_APPLICABLE"}, False),
        ({"platform_type": None, "quality_rating": None}, True),
    ],
)
def test_a_line_is_down_only_when_it_says_so(
    cloud: Cloud, wire: responses.RequestsMock, change: dict[str, object], connected: bool
) -> None:
    wire.get(LINE, json=ACTIVE | change)
    assert cloud.status().connected is connected


def configured(url: str) -> dict[str, object]:
    return {"webhook_configuration": {"phone_number": url, "application": "https://app.example.com/"}}


def test_the_webhook_is_set_for_the_line_and_read_back(cloud: Cloud, wire: responses.RequestsMock) -> None:
    wire.post(LINE, json={"success": True})
    wire.get(LINE, json=configured(HOOK))
    assert cloud.configure_webhooks(HOOK) == {
        "phone_number": HOOK,
        "whatsapp_business_account": "",
        "application": "https://app.example.com/",
    }
    wanted = {"override_callback_uri": HOOK, "verify_token": "a word"}
    assert sent_body(wire) == {"webhook_configuration": wanted}
    assert sent_query(wire, 1) == {"fields": ["webhook_configuration"]}


def test_a_webhook_that_was_not_saved_is_an_error(cloud: Cloud, wire: responses.RequestsMock) -> None:
    wire.post(LINE, json={"success": True})
    wire.get(LINE, json=configured("https://elsewhere.example.com/"))
    with pytest.raises(errors.UnexpectedResponse):
        cloud.configure_webhooks(HOOK)


def test_an_address_that_meta_would_cut_is_refused(cloud: Cloud, wire: responses.RequestsMock) -> None:
    with pytest.raises(errors.RequestRejected):
        cloud.configure_webhooks(HOOK + "x" * 200)
    assert len(wire.calls) == 0


def test_a_group_has_a_subject(cloud: Cloud, wire: responses.RequestsMock) -> None:
    wire.get(f"{CLOUD}/FIXTUREGROUPID0001", json={"subject": "Team", "id": "FIXTUREGROUPID0001"})
    assert cloud.group_metadata("FIXTUREGROUPID0001") == "Team"


@pytest.mark.parametrize("chat_id", ["../me", "a/b", "", "a?fields=x", "120363@g.us"])
def test_an_id_cannot_lead_to_another_path(cloud: Cloud, wire: responses.RequestsMock, chat_id: str) -> None:
    with pytest.raises(errors.RequestRejected):
        cloud.group_metadata(chat_id)
    assert len(wire.calls) == 0


@pytest.mark.parametrize("verb", ["edit_text", "delete_message", "phone_exists"])
def test_what_meta_does_not_offer_is_refused_aloud(
    cloud: Cloud, wire: responses.RequestsMock, verb: str
) -> None:
    arguments = {"edit_text": (PHONE, "M1", "x"), "delete_message": (PHONE, "M1"), "phone_exists": (PHONE,)}
    with pytest.raises(errors.Unsupported):
        getattr(cloud, verb)(*arguments[verb])
    assert len(wire.calls) == 0


def test_a_webhook_is_proved_by_the_app_secret(cloud: Cloud) -> None:
    body = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
    signature = hmac.new(b"a secret", body, hashlib.sha256).hexdigest()
    cloud.verify_webhook(body, {"X-Hub-Signature-256": f"sha256={signature}"})
    with pytest.raises(errors.WebhookNotAuthentic):
        cloud.verify_webhook(body + b" ", {"X-Hub-Signature-256": f"sha256={signature}"})


def test_the_handshake_is_answered(cloud: Cloud) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": "a word"}
    assert cloud.answer_challenge(query) == "42"


def test_a_webhook_cannot_be_set_without_a_verify_token(wire: responses.RequestsMock) -> None:
    bare = Cloud(Credentials(instance_id=CLOUD_ID, token="t"), door=Door(Rules()), base_url=CLOUD)
    with pytest.raises(errors.RequestRejected):
        bare.configure_webhooks(HOOK)
    assert len(wire.calls) == 0
