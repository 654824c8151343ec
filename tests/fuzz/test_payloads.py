"""A few hundred of the bodies that ``make fuzz`` sends by the hundred thousand."""

from collections import Counter
from collections.abc import Callable
from itertools import islice

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import WhatsappInstance
from messaging.models import WebhookEvent
from messaging.services.processing import process_due
from messaging.services.working import Worker
from tests.fuzz.mutating import Mutator
from tests.simulator.delivery import signature
from tests.telling import APP_SECRET, make_cloud, make_wapi

COUNT = 300


@pytest.mark.django_db
@pytest.mark.parametrize("make", [make_wapi, make_cloud])
def test_whatever_comes_is_answered_kept_and_read_without_an_error_of_ours(
    make: Callable[[], WhatsappInstance],
) -> None:
    line, answers = make(), Counter[int]()
    browser = Browser(raise_request_exception=False)
    for body in islice(Mutator(line.provider, line.instance_id, seed=1), COUNT):
        headers = {"X-Hub-Signature-256": signature(APP_SECRET, body)}
        path = f"/webhook/receive/{line.webhook_key}/"
        answers[browser.post(path, body, content_type="application/json", headers=headers).status_code] += 1
    worker = Worker()
    while process_due(worker.token, now=timezone.now()):
        pass
    assert set(answers) <= {200, 400, 403}
    assert WebhookEvent.objects.count() == answers[200] > COUNT / 2
    assert list(WebhookEvent.objects.filter(state="failed").values_list("error", flat=True)) == []


def test_the_same_seed_makes_the_same_bodies() -> None:
    first, second = (list(islice(Mutator("wapi", "LINE", 3), 50)) for _ in range(2))
    assert first == second
