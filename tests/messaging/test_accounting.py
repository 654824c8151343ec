"""From a provider's POST to its file, each step's log line names what the next one can be found by."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from accounts import metrics
from accounts.models import WhatsappInstance
from media.models import MediaFile
from messaging.models import Message, WebhookEvent
from tests.messaging.announcing import announce, work
from tests.simulator.server import Simulator

pytestmark = pytest.mark.django_db(transaction=True)


def figure(name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"multichat_{name}", labels) or 0.0


def line(logs: list[Any], event: str) -> dict[str, Any]:
    (found,) = [one for one in logs if one["event"] == event]
    return found


def test_an_event_leads_to_its_message_and_its_file(sim: Simulator, instance: WhatsappInstance) -> None:
    announce(sim, instance)
    with capture_logs() as logs:
        work()
    event, message, media_file = WebhookEvent.objects.get(), Message.objects.get(), MediaFile.objects.get()
    processed, ready = line(logs, "webhook events processed"), line(logs, "media file ready")
    assert processed["webhook_events"] == [event.pk]
    assert (processed["messages"], processed["media_files"]) == ([message.pk], [media_file.pk])
    assert (ready["media_file"], ready["instance"], ready["attempt"]) == (media_file.pk, instance.pk, 1)


def test_what_a_worker_did_is_counted(sim: Simulator, instance: WhatsappInstance) -> None:
    read, lag = figure("webhook_events_total", outcome="processed"), figure("webhook_lag_seconds_count")
    way = "cdn" if instance.provider == "wapi" else "provider"
    tries = figure("media_attempts_total", strategy=way, outcome="ok")
    brought = figure("media_seconds_count", strategy=way)
    announce(sim, instance)
    work()
    assert figure("webhook_events_total", outcome="processed") == read + 1
    assert figure("webhook_lag_seconds_count") == lag + 1
    assert figure("media_attempts_total", strategy=way, outcome="ok") == tries + 1
    assert figure("media_seconds_count", strategy=way) == brought + 1


def test_an_event_that_is_read_again_says_nothing_of_our_speed(
    sim: Simulator, instance: WhatsappInstance
) -> None:
    announce(sim, instance)
    work()
    lag = figure("webhook_lag_seconds_count")
    WebhookEvent.objects.update(state="pending", attempts=0)
    work()
    assert figure("webhook_lag_seconds_count") == lag
