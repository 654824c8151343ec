"""Taking in what was set by: nothing holds up the others, and the time is marked."""

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from accounts.models import WhatsappInstance
from messaging.models import Gap, RefusedWebhook, WebhookEvent
from messaging.services import intake, reaching
from messaging.services.intake import Intake
from messaging.services.spooling import spool
from tests.messaging.test_webhooks_set_by import META, TEXT, away, back, named, no_waiting
from tests.telling import make_cloud, make_wapi, post

__all__ = ["no_waiting"]
pytestmark = pytest.mark.django_db


def test_a_damaged_letter_does_not_hold_up_the_others() -> None:
    instance = make_wapi()
    with away():
        post(instance, TEXT)
        post(instance, named(2))
    first, _ = spool().names()
    (spool().folder / first).write_bytes(b"{}")
    back()
    assert bytes(WebhookEvent.objects.get().body) == named(2)
    assert (spool().held().files, spool().held().unreadable) == (0, 1)


def test_what_cannot_be_opened_does_not_hold_up_the_others() -> None:
    instance = make_wapi()
    with away():
        post(instance, TEXT)
        post(instance, named(2))
    first, _ = spool().names()
    (spool().folder / first).unlink()
    (spool().folder / first).mkdir()
    back()
    assert bytes(WebhookEvent.objects.get().body) == named(2)
    assert (spool().held().files, spool().held().unreadable) == (0, 1)


def test_a_line_that_is_gone_by_then_is_counted() -> None:
    instance = make_wapi()
    post(instance, TEXT)
    with away():
        post(instance, named(2))
    WhatsappInstance.objects.all().delete()
    assert back() == 1
    assert RefusedWebhook.objects.get().reason == "unknown instance"


def test_another_worker_of_the_machine_leaves_it_alone() -> None:
    instance = make_wapi()
    with away():
        post(instance, TEXT)
    reaching.outage.ends()
    with spool().mine():
        assert Intake().turn() == 0
    assert Intake().turn() == 1


def test_the_time_is_marked_as_a_gap_in_which_nothing_was_lost() -> None:
    instance = make_wapi()
    with away():
        post(instance, TEXT)
        post(instance, named(2))
    back()
    gap = Gap.objects.get()
    assert (gap.instance, gap.why, gap.ask_at) == (instance, "spooled", None)
    assert gap.ended_at and gap.started_at < gap.ended_at


def test_one_that_nobody_can_authenticate_does_not_hold_up_the_others(settings: Settings) -> None:
    locked, instance = make_cloud(), make_wapi()
    with away():
        post(locked, META)
        post(instance, TEXT)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    WhatsappInstance.objects.filter(pk=instance.pk).update(token="", app_secret="", verify_token="")
    back()
    assert WebhookEvent.objects.get().instance == instance
    assert spool().held().unreadable == 1


def test_large_bodies_are_taken_in_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH_BYTES", 2 * len(TEXT) + 400)
    instance = make_wapi()
    with away():
        for number in range(5):
            post(instance, named(number))
    assert [back(), back(), back(), back()] == [2, 2, 1, 0]
    assert WebhookEvent.objects.count() == 5
