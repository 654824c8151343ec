"""Stored webhooks processed again: nothing twice, only what is missing."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Client, WhatsappInstance
from messaging.models import Message, WebhookEvent
from tests.loading import raw_payload

pytestmark = pytest.mark.django_db
State = WebhookEvent.State


@pytest.fixture
def instance():
    client = Client.objects.create(name="Acme", slug="acme")
    return WhatsappInstance.objects.create(
        client=client, name="Sales", provider="wapi", instance_id="AB12CD-EF34GH-IJ56KL"
    )


def add(instance, state=State.FAILED, body=b"{}", **fields):
    return WebhookEvent.objects.create(
        instance=instance, state=state, body=body, error="a traceback", **fields
    )


def replay(**options):
    out = StringIO()
    call_command("replay_webhooks", stdout=out, **options)
    return out.getvalue()


def waiting():
    return set(WebhookEvent.objects.filter(state=State.PENDING).values_list("pk", flat=True))


def test_every_stored_event_is_put_back(instance):
    events = {add(instance, state).pk for state in (State.FAILED, State.IGNORED, State.PROCESSED)}
    assert "Webhook events put back to pending: 3. The worker processes them" in replay()
    assert waiting() == events


def test_filters_add_up(instance):
    wanted = add(instance, received_at=datetime(2026, 3, 2, 8, tzinfo=UTC))
    add(instance, State.PROCESSED, received_at=datetime(2026, 3, 2, 8, tzinfo=UTC))
    add(instance, received_at=datetime(2026, 3, 5, 8, tzinfo=UTC))
    replay(
        client="acme", instance=instance.instance_id, state="failed", since="2026-03-02", until="2026-03-03"
    )
    assert waiting() == {wanted.pk}


def test_a_limit_takes_the_oldest_first(instance):
    oldest, _ = add(instance), add(instance)
    replay(limit=1)
    assert waiting() == {oldest.pk}


def test_a_dry_run_only_counts(instance):
    add(instance), add(instance, State.PROCESSED)
    assert "Webhook events that would be processed again: 1 processed, 1 failed." in replay(dry_run=True)
    assert waiting() == set()


def test_now_adds_only_what_is_missing(instance):
    event = add(instance, body=raw_payload("wapi", "01"))
    assert "Now: 1 processed." in replay(now=True)
    assert "Now: 1 processed." in replay(now=True)
    event.refresh_from_db()
    assert (event.error, Message.objects.count()) == ("", 1)


def test_now_with_events_that_fail_again_ends_with_1(instance):
    add(instance, State.PROCESSED, body=b"\xff")
    told = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("replay_webhooks", now=True, stdout=told)
    assert "Now: 1 failed." in told.getvalue()


def test_what_a_worker_has_in_hand_is_left_to_it(instance):
    lease = {"lease_token": uuid4(), "lease_until": timezone.now() + timedelta(minutes=1)}
    add(instance, State.PENDING, **lease)
    add(instance)
    assert "Now: 1 pending. What is pending is left to the worker" in replay(now=True, state="failed")


def test_an_unknown_state_is_refused_with_the_known_ones(instance):
    with pytest.raises(CommandError, match="'ready' is not one of: pending, processed, ignored, failed"):
        replay(state="ready")
