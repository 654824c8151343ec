"""Webhooks that wait while somebody is erased, in the database or on disk, and bring the person when they are read."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Message, WebhookEvent
from messaging.services import erasing
from messaging.services.intake import SETTLES_SECONDS, Intake
from messaging.services.spooling import set_by, spool
from messaging.spool import Letter
from tests.messaging.erasing.stage import GROUP, ZULMIRA, everything_of, found_in_database
from tests.telling import BETO, composer, process, raw, store


@pytest.fixture
def told(world, line):
    """What of the person is still to be read; and one word of somebody else."""
    talk = composer(world, line)
    before = {"at": (timezone.now() - timedelta(hours=1)).timestamp()}
    return [
        talk.text(ZULMIRA, "canary that waited", message_id="W1", **before),
        talk.text(ZULMIRA, "canary that waited too", group=GROUP, message_id="W2", **before),
        talk.text(ZULMIRA, "canary answer that waited", from_me=True, message_id="W3", **before),
        talk.reaction(ZULMIRA, "B1", "❤", group=GROUP, **before),
        talk.status(ZULMIRA, "OURS", "read", **before),
        talk.text(BETO, "still to be read", group=GROUP, message_id="W4", **before),
    ]


def erase(contact, capture):
    receipt = erasing.request_erasure(contact, by=None, now=timezone.now())
    with capture(execute=True):
        assert len(list(erasing.erase(receipt, now=timezone.now))) < 100


def nothing_came_back():
    assert found_in_database() == []
    assert Message.objects.filter(text="still to be read").exists()
    assert not WebhookEvent.objects.filter(state__in=("pending", "failed")).exists()
    return True


def test_what_waits_in_the_database_brings_nobody_back(world, line, told, django_capture_on_commit_callbacks):
    contact = everything_of(world, line)
    for body in told:
        store(line, body)
    erase(contact, django_capture_on_commit_callbacks)
    process()
    assert nothing_came_back()


def test_what_waits_on_disk_brings_nobody_back(world, line, told, django_capture_on_commit_callbacks):
    contact = everything_of(world, line)
    for body in told:
        set_by(Letter(raw(body), instance=line.pk))
    erase(contact, django_capture_on_commit_callbacks)
    # Younger ones are left alone: an earlier one may still be on its way to the disk.
    time.sleep(SETTLES_SECONDS)
    assert Intake().turn() == len(told)
    process()
    assert spool().names() == [] and nothing_came_back()
