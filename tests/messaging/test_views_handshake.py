"""Meta's handshake, the address without a key, and bodies in chunks."""

import io
import json
from collections.abc import Iterator

import pytest
from django.test import Client as Browser
from pytest_django import Settings

from accounts.models import WhatsappInstance
from messaging.models import RefusedWebhook, WebhookEvent
from messaging.services import refusing
from tests.loading import raw_payload
from tests.telling import (
    VERIFY_TOKEN,
    address,
    make_cloud,
    make_wapi,
    raw,
)

pytestmark = pytest.mark.django_db

UNKEYED = "/webhook/receive/"
WAPI_TEXT = raw_payload("wapi", "01")
CLOUD_TEXT = raw_payload("cloud", "01")


@pytest.fixture(autouse=True)
def refusals_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing, "WRITE_EVERY", 0)


def post_unkeyed(body: bytes) -> int:
    return Browser().post(UNKEYED, body, content_type="application/json").status_code


def refusals() -> dict[tuple[int | None, str], int]:
    return {(row.instance_id, row.reason): row.count for row in RefusedWebhook.objects.all()}


def handshake(instance: WhatsappInstance, **changes: str):  # type: ignore[no-untyped-def]
    asked = {"hub.mode": "subscribe", "hub.challenge": "<b>1158201444</b>", "hub.verify_token": VERIFY_TOKEN}
    return Browser().get(address(instance), asked | changes)


def test_metas_handshake_is_answered_with_its_challenge_as_plain_text() -> None:
    response = handshake(make_cloud())
    assert (response.status_code, response.content) == (200, b"<b>1158201444</b>")
    assert response["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    "changes",
    [
        {"hub.verify_token": "guess"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": ""},
    ],
)
def test_a_wrong_handshake_is_403_and_counted(changes: dict[str, str]) -> None:
    instance = make_cloud()
    assert handshake(instance, **changes).status_code == 403
    assert refusals() == {(instance.pk, "wrong verify token"): 1}


def test_an_instance_without_a_verify_token_answers_no_handshake() -> None:
    assert handshake(make_cloud(verify_token=""), **{"hub.verify_token": ""}).status_code == 403


def test_w_api_has_no_handshake() -> None:
    assert handshake(make_wapi()).status_code == 403


def test_the_address_without_a_key_is_off_by_default() -> None:
    make_wapi()
    assert post_unkeyed(WAPI_TEXT) == 404
    assert refusals() == {(None, "no key"): 1}


@pytest.fixture
def unkeyed(settings: Settings) -> Iterator[None]:
    settings.WEBHOOK_ALLOW_UNKEYED = True
    yield


@pytest.mark.usefixtures("unkeyed")
def test_the_address_without_a_key_finds_the_instance_by_its_id() -> None:
    make_wapi(instance_id="OTHER-000000-000000")
    instance = make_wapi()
    assert post_unkeyed(WAPI_TEXT) == 200
    assert WebhookEvent.objects.get().instance == instance


@pytest.mark.usefixtures("unkeyed")
def test_the_address_without_a_key_still_asks_for_metas_signature() -> None:
    make_cloud()
    assert post_unkeyed(CLOUD_TEXT) == 403


@pytest.mark.usefixtures("unkeyed")
@pytest.mark.parametrize(
    ("body", "status"), [(raw({"instanceId": "nobody"}), 404), (b"{}", 404), (b"{", 400), (b"[]", 400)]
)
def test_the_address_without_a_key_refuses_what_names_no_instance(body: bytes, status: int) -> None:
    make_wapi()
    assert post_unkeyed(body) == status
    assert not WebhookEvent.objects.exists()


@pytest.mark.usefixtures("unkeyed")
def test_the_address_without_a_key_does_not_take_w_api_bodies_for_a_cloud_line() -> None:
    make_cloud(instance_id="AB12CD-EF34GH-IJ56KL")
    assert post_unkeyed(WAPI_TEXT) == 404


@pytest.mark.usefixtures("unkeyed")
def test_the_address_without_a_key_has_the_same_limit(settings: Settings) -> None:
    settings.WEBHOOK_MAX_BYTES = 10
    assert post_unkeyed(WAPI_TEXT) == 413


@pytest.mark.parametrize(("size", "status"), [(100, 200), (5 * 1024 * 1024, 413)], ids=["small", "too large"])
def test_a_body_in_chunks_tells_no_length_and_is_read_all_the_same(size: int, status: int) -> None:
    instance = make_wapi()
    body = json.dumps({"instanceId": instance.instance_id, "padding": "x" * size}).encode()
    chunked = {"wsgi.input": io.BytesIO(body), "HTTP_TRANSFER_ENCODING": "chunked"}
    assert Browser().generic("POST", address(instance), **chunked).status_code == status
    assert [bytes(event.body) for event in WebhookEvent.objects.all()] == ([body] if status == 200 else [])
