import hashlib
import logging
import threading

import pytest
from django.db import connection, connections
from django.test import Client as Browser
from pytest_django import Settings

from accounts.models import WhatsappInstance
from accounts.services import rotate_webhook_key
from messaging.models import RefusedWebhook, WebhookEvent
from messaging.services import refusing
from tests.loading import payload_names, raw_payload
from tests.telling import (
    CLOUD_ID,
    VERIFY_TOKEN,
    address,
    make_client,
    make_cloud,
    make_wapi,
    post,
)

pytestmark = pytest.mark.django_db

UNKEYED = "/webhook/receive/"
WAPI_TEXT = raw_payload("wapi", "01")
CLOUD_TEXT = raw_payload("cloud", "01")


@pytest.fixture(autouse=True)
def refusals_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing, "WRITE_EVERY", 0)


def refusals() -> dict[tuple[int | None, str], int]:
    return {(row.instance_id, row.reason): row.count for row in RefusedWebhook.objects.all()}


@pytest.mark.parametrize("make", [make_wapi, make_cloud])
def test_an_authentic_webhook_is_kept_byte_for_byte(make: type) -> None:
    instance = make()
    body = b' {"instanceId" : "AB12CD-EF34GH-IJ56KL", "a":\t"\xc3\xa9\\u00e9 \xf0\x9f\x91\x8d"}\n'
    assert post(instance, body).status_code == 200
    event = WebhookEvent.objects.get()
    assert (bytes(event.body), event.instance, event.state) == (body, instance, "pending")


@pytest.mark.django_db(transaction=True)
def test_200_means_that_another_connection_sees_the_event() -> None:
    assert post(make_wapi(), WAPI_TEXT).status_code == 200
    seen: list[int] = []

    def look() -> None:
        seen.append(WebhookEvent.objects.count())
        connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join(10)
    assert seen == [1]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_cannot_be_committed_is_not_answered_with_200() -> None:
    instance, browser = make_wapi(), Browser(raise_request_exception=False)
    with connection.execute_wrapper(refuse_events):
        response = browser.post(address(instance), WAPI_TEXT, content_type="application/json")
    assert response.status_code == 500
    assert not WebhookEvent.objects.exists()


def refuse_events(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
    """Django's own seam: a database that fails when an event is written."""
    if sql.startswith("INSERT") and "webhookevent" in sql:
        raise OSError("disk full")
    return execute(sql, params, many, context)


def test_an_unknown_key_is_404_and_only_counted() -> None:
    make_wapi()
    assert Browser().post(f"{UNKEYED}nobody/", WAPI_TEXT, content_type="application/json").status_code == 404
    assert refusals() == {(None, "unknown key"): 1}
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("key", ["%00", "a%00b", "%F0%9F%98%80", "%FF", "..%5c", "x" * 5000])
def test_an_odd_key_is_404(key: str) -> None:
    assert Browser().post(f"{UNKEYED}{key}/", WAPI_TEXT, content_type="application/json").status_code == 404


def test_a_body_of_another_w_api_instance_is_403_and_only_counted() -> None:
    instance = make_wapi(instance_id="OTHER-000000-000000")
    assert post(instance, WAPI_TEXT).status_code == 403
    assert refusals() == {(instance.pk, "not authentic"): 1}
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    "body", [b"{}", b'{"instanceId": null}', b'{"instanceId": ["AB12CD-EF34GH-IJ56KL"]}']
)
def test_a_body_that_names_no_w_api_instance_is_403(body: bytes) -> None:
    assert post(make_wapi(), body).status_code == 403


@pytest.mark.parametrize(
    "given",
    ["", "sha256=", "sha256=" + "0" * 64, "sha1=abc", hashlib.sha256(CLOUD_TEXT).hexdigest(), "sha256=\xe9"],
)
def test_a_wrong_signature_is_403_and_only_counted(given: str) -> None:
    instance = make_cloud()
    assert post(instance, CLOUD_TEXT, **{"X-Hub-Signature-256": given}).status_code == 403
    assert refusals() == {(instance.pk, "not authentic"): 1}
    assert not WebhookEvent.objects.exists()


def test_a_missing_signature_is_403() -> None:
    response = Browser().post(address(make_cloud()), CLOUD_TEXT, content_type="application/json")
    assert response.status_code == 403


def test_a_signature_of_another_body_is_403() -> None:
    instance = make_cloud()
    signed = Browser().post
    stolen = post(instance, CLOUD_TEXT).wsgi_request.headers["X-Hub-Signature-256"]
    response = signed(
        address(instance),
        CLOUD_TEXT + b" ",
        content_type="application/json",
        headers={"X-Hub-Signature-256": stolen},
    )
    assert response.status_code == 403


def test_an_instance_without_an_app_secret_takes_no_signed_body() -> None:
    assert post(make_cloud(app_secret=""), CLOUD_TEXT).status_code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"', b"\xff\xfe{}", b"[" * 100_000, b"null"])
@pytest.mark.parametrize("make", [make_wapi, make_cloud])
def test_what_is_not_a_json_object_is_400_and_only_counted(make: type, body: bytes) -> None:
    instance = make()
    assert post(instance, body).status_code == 400
    assert refusals() == {(instance.pk, "not JSON"): 1}
    assert not WebhookEvent.objects.exists()


def test_a_body_over_the_limit_is_413_and_only_counted(settings: Settings) -> None:
    settings.WEBHOOK_MAX_BYTES = len(WAPI_TEXT) - 1
    instance = make_wapi()
    assert post(instance, WAPI_TEXT).status_code == 413
    assert refusals() == {(instance.pk, "too large"): 1}


def test_a_body_of_exactly_the_limit_is_taken(settings: Settings) -> None:
    settings.WEBHOOK_MAX_BYTES = len(WAPI_TEXT)
    assert post(make_wapi(), WAPI_TEXT).status_code == 200


def test_a_body_between_djangos_own_limit_and_ours_is_taken() -> None:
    padded = WAPI_TEXT.rstrip()[:-1] + b', "more": "' + b"x" * 3_500_000 + b'"}'
    assert post(make_wapi(), padded).status_code == 200


@pytest.mark.parametrize("event", ["webhookNews", "", "\x00", "✨"])
def test_an_unknown_event_is_stored(event: str) -> None:
    instance = make_wapi()
    assert post(instance, {"event": event, "instanceId": instance.instance_id}).status_code == 200
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize("name", payload_names("cloud"))
def test_every_signed_body_of_meta_is_stored(name: str) -> None:
    assert post(make_cloud(), raw_payload("cloud", name)).status_code == 200


@pytest.mark.parametrize("name", payload_names("wapi"))
def test_every_body_of_w_api_is_stored(name: str) -> None:
    body = raw_payload("wapi", name)
    instance = make_wapi(instance_id="LITE-AB12CD-EF34GH" if b"LITE-" in body else "AB12CD-EF34GH-IJ56KL")
    assert post(instance, body).status_code == 200
    assert bytes(WebhookEvent.objects.get().body) == body


def test_the_same_webhook_twice_is_two_stored_events() -> None:
    instance = make_wapi()
    assert [post(instance, WAPI_TEXT).status_code for _ in "ab"] == [200, 200]
    assert WebhookEvent.objects.count() == 2


@pytest.mark.parametrize("method", ["put", "patch", "delete", "head", "options"])
def test_other_methods_are_405(method: str) -> None:
    assert getattr(Browser(), method)(address(make_wapi())).status_code == 405


def test_a_rotated_key_stops_working_at_once() -> None:
    instance = make_wapi()
    old = address(instance)
    rotate_webhook_key(instance)
    assert Browser().post(old, WAPI_TEXT, content_type="application/json").status_code == 404
    assert post(instance, WAPI_TEXT).status_code == 200


def test_an_instance_that_is_switched_off_takes_nothing() -> None:
    assert post(make_wapi(is_active=False), WAPI_TEXT).status_code == 404


def test_a_client_that_is_switched_off_takes_nothing() -> None:
    assert post(make_wapi(make_client("Gone", is_active=False)), WAPI_TEXT).status_code == 404


def handshake(instance: WhatsappInstance, **changes: str):  # type: ignore[no-untyped-def]
    asked = {"hub.mode": "subscribe", "hub.challenge": "<b>1158201444</b>", "hub.verify_token": VERIFY_TOKEN}
    return Browser().get(address(instance), asked | changes)


def test_refusals_of_a_burst_are_written_together(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = make_wapi()
    post(instance, b"{")
    monkeypatch.setattr(refusing, "WRITE_EVERY", 3600)
    for _ in range(3):
        post(instance, b"{")
    assert refusals() == {(instance.pk, "not JSON"): 1}
    monkeypatch.setattr(refusing, "WRITE_EVERY", 0)
    post(instance, b"{")
    assert refusals() == {(instance.pk, "not JSON"): 5}


def test_the_first_of_each_kind_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = make_wapi()
    monkeypatch.setattr(refusing, "WRITE_EVERY", 3600)
    post(instance, b"{")
    post(instance, b'{"instanceId": "another"}')
    assert refusals() == {(instance.pk, "not JSON"): 1, (instance.pk, "not authentic"): 1}


def test_a_refusal_of_an_instance_deleted_meanwhile_is_forgotten() -> None:
    instance = make_wapi()
    gone = instance.pk
    instance.delete()
    refusing.count_refusal(gone, "not JSON")
    assert refusals() == {}


def rendered(records: list[logging.LogRecord]) -> str:
    """As the console gets them."""
    (ours,) = {
        handler.formatter
        for handler in logging.getLogger().handlers
        if "structlog" in type(handler.formatter).__module__
    }
    return "\n".join(ours.format(record) for record in records)  # type: ignore[union-attr]


def test_no_log_line_names_a_key_or_a_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wapi, cloud = make_wapi(), make_cloud(instance_id=CLOUD_ID)
    post(wapi, WAPI_TEXT)
    post(wapi, b"{")
    post(cloud, CLOUD_TEXT, **{"X-Hub-Signature-256": "sha256=0"})
    Browser().put(address(wapi))
    handshake(cloud, **{"hub.verify_token": "guess"})
    text = rendered(caplog.records)
    assert text.count("multichat.request") == 5
    secrets = (
        wapi.webhook_key,
        cloud.webhook_key,
        wapi.token,
        cloud.app_secret,
        VERIFY_TOKEN,
        "oi, tudo bem",
    )
    assert [secret for secret in secrets if secret in text] == []
