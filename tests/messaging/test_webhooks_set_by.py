"""Webhooks that come while the database is away: answered, kept on disk, and taken in when it is back."""

from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError, connection
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from messaging.models import Message, RefusedWebhook, TakenIn, WebhookEvent
from messaging.services import intake, reaching, refusing
from messaging.services.intake import Intake
from messaging.services.spooling import spool
from tests.loading import raw_payload
from tests.telling import address, make_cloud, make_wapi, post, process

pytestmark = pytest.mark.django_db

TEXT = raw_payload("wapi", "01")
META = raw_payload("cloud", "01")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing, "WRITE_EVERY", 0)
    monkeypatch.setattr(intake, "SETTLES_SECONDS", 0)


def away(error: Exception | None = None) -> AbstractContextManager[None]:
    """Django's own seam: no statement gets through."""
    wrong = error or OperationalError("connection refused")

    def refuse(*args: Any) -> Any:
        raise wrong

    return connection.execute_wrapper(refuse)


def back() -> int:
    """The database is there again, and the worker looks."""
    reaching.outage.ends()
    return Intake().turn()


def named(number: int) -> bytes:
    return TEXT.replace(b'"messageId"', b'"n":%d,"messageId"' % number, 1)


@pytest.mark.parametrize(
    "error",
    [OperationalError("locked"), InterfaceError("closed"), InternalError("read-only"), ProgrammingError("x")],
    ids=lambda error: type(error).__name__,
)
def test_a_known_line_is_answered_and_its_body_kept(error: Exception) -> None:
    instance = make_wapi()
    post(instance, TEXT)
    with away(error):
        assert post(instance, named(2)).status_code == 200
    (name,) = spool().names()
    assert (spool().read(name).body, spool().read(name).instance) == (named(2), instance.pk)


def test_an_unknown_line_is_answered_too_for_a_fresh_process_knows_none() -> None:
    instance = make_wapi()
    with away():
        assert post(instance, TEXT).status_code == 200
    assert back() == 1
    event = WebhookEvent.objects.get()
    assert (bytes(event.body), event.instance, event.source, event.state) == (
        TEXT,
        instance,
        "spool",
        "pending",
    )


def test_what_was_set_by_becomes_messages_with_the_time_it_came() -> None:
    instance = make_wapi()
    with away():
        post(instance, TEXT)
    came = timezone.now()
    back()
    process()
    message = Message.objects.get()
    assert message.conversation.instance == instance
    assert abs(message.received_at - came) < timedelta(seconds=5)
    assert spool().names() == []


def test_letters_are_taken_in_in_their_order() -> None:
    instance = make_wapi()
    with away():
        for number in range(12):
            post(instance, named(number))
    back()
    bodies = [bytes(event.body) for event in WebhookEvent.objects.order_by("id")]
    assert bodies == [named(number) for number in range(12)]
    times = list(WebhookEvent.objects.order_by("id").values_list("received_at", flat=True))
    assert times == sorted(times)


def test_a_kill_between_commit_and_unlink_doubles_nothing() -> None:
    instance = make_wapi()
    with away():
        post(instance, TEXT)
    (name,) = spool().names()
    letter = (spool().folder / name).read_bytes()
    back()
    (spool().folder / name).write_bytes(letter)
    assert back() == 1
    assert (WebhookEvent.objects.count(), TakenIn.objects.count(), spool().names()) == (1, 1, [])


def test_a_database_that_goes_again_in_the_middle_loses_nothing() -> None:
    instance = make_wapi()
    with away():
        post(instance, TEXT)
    with away(), pytest.raises(OperationalError):
        Intake().turn()
    assert len(spool().names()) == 1
    assert back() == 1
    assert WebhookEvent.objects.count() == 1


def test_a_signature_is_checked_when_it_is_taken_in() -> None:
    instance = make_cloud()
    with away():
        assert post(instance, META).status_code == 200
        assert post(instance, META, **{"X-Hub-Signature-256": "sha256=" + "0" * 64}).status_code == 200
    assert back() == 2
    assert WebhookEvent.objects.get().instance == instance
    assert RefusedWebhook.objects.get().reason == "not authentic"


def test_a_known_line_refuses_forgeries_without_the_database() -> None:
    instance = make_cloud()
    post(instance, META)
    with away():
        assert post(instance, META + b" ", **{"X-Hub-Signature-256": "sha256=0"}).status_code == 403
        assert post(instance, b"{").status_code == 400
    assert spool().names() == []


def test_refusals_in_the_meantime_are_counted_later() -> None:
    instance = make_wapi()
    post(instance, TEXT)
    with away():
        assert post(instance, b"{}").status_code == 403
    reaching.outage.ends()
    post(instance, b"{}")
    assert RefusedWebhook.objects.get().count == 2


@pytest.mark.parametrize("key", ["nobody", "k" * 300])
def test_a_key_that_nobody_has_is_dropped_and_counted(key: str) -> None:
    make_wapi()
    with away():
        response = Browser().post(f"/webhook/receive/{key}/", TEXT, content_type="application/json")
    assert response.status_code == 200
    assert back() == 1
    assert not WebhookEvent.objects.exists()
    assert RefusedWebhook.objects.get().reason == "unknown key"


@pytest.mark.parametrize(("allowed", "stored"), [(True, 1), (False, 0)])
def test_the_address_without_a_key_goes_by_its_setting(
    allowed: bool, stored: int, settings: Settings
) -> None:
    make_wapi()
    settings.WEBHOOK_ALLOW_UNKEYED = True
    with away():
        response = Browser().post("/webhook/receive/", TEXT, content_type="application/json")
    assert response.status_code == 200
    settings.WEBHOOK_ALLOW_UNKEYED = allowed
    back()
    assert WebhookEvent.objects.count() == stored


def test_metas_handshake_has_to_come_again() -> None:
    instance = make_cloud()
    with away():
        response = Browser().get(address(instance))
    assert (response.status_code, response["Retry-After"]) == (503, "30")


def full(settings: Settings) -> None:
    settings.SPOOL_MAX_BYTES = 1


def no_folder(settings: Settings) -> None:
    Path(settings.SPOOL_DIR).write_text("in the way")


@pytest.mark.parametrize("obstacle", [full, no_folder])
def test_a_disk_that_takes_nothing_has_the_provider_try_again(obstacle: Any, settings: Settings) -> None:
    instance = make_wapi()
    obstacle(settings)
    with away():
        response = post(instance, TEXT)
    assert (response.status_code, response["Retry-After"]) == (503, "30")


def test_a_body_over_the_limit_is_not_set_by(settings: Settings) -> None:
    settings.WEBHOOK_MAX_BYTES = 10
    instance = make_wapi()
    with away():
        assert post(instance, TEXT).status_code == 413


def test_one_request_tries_while_the_others_go_straight_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "REST_SECONDS", 60)
    instance = make_wapi()
    tries = 0

    def refuse(*args: Any) -> Any:
        nonlocal tries
        tries += 1
        raise OperationalError("connection refused")

    with connection.execute_wrapper(refuse):
        answers = [post(instance, named(number)).status_code for number in range(20)]
    assert answers == [200] * 20
    assert tries == 1
    assert len(spool().names()) == 20


def test_when_it_is_back_webhooks_are_stored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "REST_SECONDS", 0)
    instance = make_wapi()
    with away():
        post(instance, TEXT)
    assert post(instance, TEXT).status_code == 200
    assert WebhookEvent.objects.count() == 1
    assert not reaching.outage._until
