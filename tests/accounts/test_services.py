import logging
from datetime import UTC, datetime, timedelta

import pytest
import responses
from pytest_django import Settings

from accounts.models import WhatsappInstance
from accounts.providers import errors
from accounts.services import (
    configure_webhooks,
    door,
    instance_named_in,
    note_connection,
    provider_for,
    raise_alarm,
    refresh_status,
    rotate_webhook_key,
    webhook_url,
)
from tests.loading import raw_payload
from tests.telling import make_client, make_cloud, make_wapi

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATUS = "https://api.w-api.app/v1/instance/status-instance"


@pytest.fixture
def line(db: None) -> WhatsappInstance:
    return make_wapi()


def known(line: WhatsappInstance) -> tuple[str, str]:
    line.refresh_from_db()
    return line.status, line.alarm


def told(line: WhatsappInstance, connected: bool, minutes: int) -> bool:
    return note_connection(line, connected=connected, at=NOW + timedelta(minutes=minutes))


def test_a_line_is_what_was_learned_last_in_whatever_order_it_is_told(line: WhatsappInstance) -> None:
    told(line, True, 5)
    assert not told(line, False, 3)
    assert known(line) == ("connected", "")
    assert told(line, False, 7)
    assert known(line) == ("disconnected", "The line is disconnected.")


def test_what_is_known_already_is_no_news(line: WhatsappInstance) -> None:
    assert told(line, True, 1)
    assert not told(line, True, 2)


def test_a_connection_clears_the_alarm_though_the_state_is_the_same(line: WhatsappInstance) -> None:
    told(line, True, 1)
    raise_alarm(line, "HTTP 401", now=NOW + timedelta(minutes=1))
    assert told(line, True, 2)
    assert known(line) == ("connected", "")


def test_an_old_trouble_that_is_told_again_is_no_alarm(line: WhatsappInstance) -> None:
    told(line, True, 5)
    raise_alarm(line, "131056: too many messages", now=NOW)
    assert known(line) == ("connected", "")


def test_a_connection_tells_the_number_and_silence_keeps_it(line: WhatsappInstance) -> None:
    note_connection(line, connected=True, phone="5511900007777", at=NOW)
    told(line, False, 1)
    line.refresh_from_db()
    assert line.phone_number == "5511900007777"


def test_an_alarm_keeps_its_first_time_and_a_new_reason_gets_its_own(line: WhatsappInstance) -> None:
    for reason, minutes in (("a", 0), ("a", 5), ("b" * 500, 9)):
        raise_alarm(line, reason, now=NOW + timedelta(minutes=minutes))
        raise_alarm(line, reason, now=NOW + timedelta(minutes=minutes + 1))
    line.refresh_from_db()
    assert (line.alarm, line.alarm_at) == ("b" * 300, NOW + timedelta(minutes=9))


def test_the_webhook_address_begins_with_the_public_one(line: WhatsappInstance, settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "https://hub.example"
    assert webhook_url(line) == f"https://hub.example/webhook/receive/{line.webhook_key}/"


def test_a_rotated_key_is_new_and_not_logged(
    line: WhatsappInstance, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    old = line.webhook_key
    rotate_webhook_key(line)
    line.refresh_from_db()
    assert line.webhook_key != old
    assert old not in caplog.text
    assert line.webhook_key not in caplog.text


def test_a_body_names_its_line(line: WhatsappInstance) -> None:
    cloud = make_cloud()
    assert instance_named_in(raw_payload("wapi", "01")) == line
    assert instance_named_in(raw_payload("cloud", "01")) == cloud
    assert instance_named_in(b"{}") is None


def test_a_line_that_is_switched_off_is_not_named() -> None:
    make_wapi(is_active=False)
    make_cloud(make_client("Gone", is_active=False))
    assert instance_named_in(raw_payload("wapi", "01")) is None
    assert instance_named_in(raw_payload("cloud", "01")) is None


@responses.activate
@pytest.mark.parametrize(("connected", "status"), [(True, "connected"), (False, "disconnected")])
def test_a_status_that_was_asked_for_is_noted(connected: bool, status: str, line: WhatsappInstance) -> None:
    responses.get(STATUS, json={"instanceId": line.instance_id, "connected": connected})
    assert refresh_status(line, now=NOW).connected is connected
    assert known(line)[0] == status


@responses.activate
def test_a_token_that_is_refused_is_an_alarm_and_an_error(line: WhatsappInstance) -> None:
    responses.get(STATUS, json={"error": True, "message": "Token inválido"}, status=403)
    with pytest.raises(errors.LineDown):
        refresh_status(line, now=NOW)
    assert known(line)[1]
    assert line.token not in line.alarm


@responses.activate
def test_a_provider_that_is_away_says_nothing_of_the_line(line: WhatsappInstance) -> None:
    responses.get(STATUS, status=500)
    with pytest.raises(errors.Unavailable):
        refresh_status(line, now=NOW)
    assert known(line) == ("unknown", "")


def test_each_provider_is_asked_with_the_instance_s_own_secrets(line: WhatsappInstance) -> None:
    assert provider_for(line).name == "wapi"
    assert provider_for(make_cloud()).name == "cloud"
    assert line.token not in repr(provider_for(line).__dict__)


def test_an_address_that_did_not_stick_is_an_error(line: WhatsappInstance, settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "https://hub.example.com"
    base = "https://api.w-api.app/v1"
    with responses.RequestsMock(assert_all_requests_are_fired=False) as calls:
        for slot in ("connected", "disconnected", "delivery", "received", "message-status", "chat-presence"):
            calls.put(f"{base}/webhook/update-webhook-{slot}", json={"error": False})
        calls.get(f"{base}/instance/fetch-instance", json={"webhookReceivedUrl": "https://old.example/"})
        with pytest.raises(errors.UnexpectedResponse):
            configure_webhooks(line)


def test_a_real_provider_is_given_no_address_that_it_cannot_reach(
    line: WhatsappInstance, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    with pytest.raises(errors.RequestRejected, match="PUBLIC_BASE_URL"):
        configure_webhooks(line)


def test_the_door_is_shared_and_opens_for_configured_hosts(settings: Settings) -> None:
    settings.MEDIA_EXTRA_HOSTS = ["gateway.example:8080"]
    settings.WAPI_BASE_URL = "http://127.0.0.1:9999/v1"
    assert door() is door()
    assert door().rules.check("http://127.0.0.1:9999/x").trusted
    assert door().rules.check("http://gateway.example:8080/x").trusted


@pytest.mark.parametrize("host", ["gateway.example", "[::1]"])
def test_a_configured_host_opens_no_other_port(settings: Settings, host: str) -> None:
    settings.WAPI_BASE_URL = f"http://{host}/v1"
    assert door().rules.check(f"http://{host}/x").trusted
    with pytest.raises(errors.HostNotAllowed):
        door().rules.check(f"http://{host}:6379/x")


def test_the_door_trusts_no_host_of_its_own_accord(settings: Settings) -> None:
    settings.MEDIA_EXTRA_HOSTS = []
    with pytest.raises(errors.HostNotAllowed):
        door().rules.check("http://127.0.0.1:9999/x")
