"""What is under way at the same time: other workers, and other sends of the same line."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from messaging.models import OutboxItem, SendingLine
from messaging.services.sending.planning import CLOUD, claim, plan
from messaging.services.sending.sender import Sender
from tests.messaging.outgoing import deliver, line_at, no_pace, say, talk_with, texts, trouble  # noqa: F401
from tests.simulator.server import Simulator
from tests.simulator.world import Person
from tests.telling import make_cloud

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pace")]


def write_to_many(sim: Simulator, count: int) -> None:
    cloud = make_cloud()
    line_at(sim, cloud)
    for number in range(count):
        say(talk_with(cloud, Person(f"P{number}", f"55119000060{number:02d}")), str(number))


def ask_together(now: datetime) -> Sender:
    sender = Sender(threads=4)
    sender.top_up(now)
    return sender


def hear(sender: Sender, now: datetime) -> None:
    while sender.under_way:
        sender.collect(now, wait=1)
    sender.close()


def test_a_worker_that_slept_over_its_lease_does_not_send_what_another_sent(sim: Simulator) -> None:
    write_to_many(sim, 2)
    long_ago, slow = timezone.now() - timedelta(minutes=10), uuid.uuid4()
    OutboxItem.objects.update(next_attempt_at=long_ago)
    claimed = claim(1, 1, CLOUD, slow, long_ago)
    deliver()
    assert (plan(claimed, slow, timezone.now()), sorted(texts(sim))) == ([], ["0", "1"])


def test_a_line_never_takes_the_last_thread(sim: Simulator) -> None:
    write_to_many(sim, 5)
    sender = ask_together(timezone.now())
    assert OutboxItem.objects.filter(state="sending").count() == 3
    hear(sender, timezone.now())


def test_sends_that_fail_together_are_one_failure_of_the_line(sim: Simulator) -> None:
    write_to_many(sim, 3)
    trouble(sim, status=500)
    now = timezone.now()
    hear(ask_together(now), now)
    line = SendingLine.objects.get()
    assert line.next_at
    assert (len(sim.world.seen("messages")), line.failures) == (3, 1)
    assert line.next_at - now < timedelta(seconds=10)


def test_a_short_rest_does_not_end_a_longer_one(sim: Simulator) -> None:
    write_to_many(sim, 3)
    trouble(sim, status=429, retry_after="700", times=1)
    trouble(sim, status=500)
    now = timezone.now()
    hear(ask_together(now), now)
    assert len(sim.world.seen("messages")) == 3
    assert SendingLine.objects.get().next_at == now + timedelta(seconds=700)
