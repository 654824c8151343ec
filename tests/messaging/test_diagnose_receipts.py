from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import WhatsappInstance
from messaging.models import PurgeReceipt
from messaging.services import receipts
from tests.messaging.diagnosing import report, said
from tests.telling import make_wapi

pytestmark = pytest.mark.django_db

BROKEN = "does not follow from those before it"


def sealed(instance: WhatsappInstance, at: datetime) -> PurgeReceipt:
    made = PurgeReceipt.objects.create(client=instance.client, cause="retention", bytes=at.second)
    receipts.finish(made, now=at)
    return made


@pytest.fixture(name="three")
def three_receipts() -> list[PurgeReceipt]:
    """The second machine's clock is an hour slow."""
    instance, now = make_wapi(), timezone.now()
    return [sealed(instance, now), sealed(instance, now - timedelta(hours=1)), sealed(instance, now)]


def test_receipts_in_order_are_told(three: list[PurgeReceipt]) -> None:
    assert "each follows from those before it: 3" in said(report("--offline"), "ok")


def test_one_that_was_changed_needs_a_person(three: list[PurgeReceipt]) -> None:
    PurgeReceipt.objects.filter(pk=three[1].pk).update(bytes=77)
    assert f"receipt {three[1].pk} {BROKEN}" in said(report("--offline"), "problem")


def test_one_that_was_taken_out_is_missed(three: list[PurgeReceipt]) -> None:
    three[0].delete()
    assert f"receipt {three[1].pk} {BROKEN}" in said(report("--offline"), "problem")


def test_of_too_many_the_newest_are_checked(three: list[PurgeReceipt]) -> None:
    PurgeReceipt.objects.filter(pk=three[0].pk).update(bytes=77)
    assert receipts.checked(None, most=2) == receipts.Checked(2, [])
