"""What the provider still has is taken in: by the worker when a gap is known, or by the command."""

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.providers.wapi import logs
from media.models import MediaFile
from messaging.models import Gap, Message, StatusChange, WebhookEvent
from messaging.services.gaps import asking, backfilling
from messaging.services.gaps.asking import Asking
from tests.messaging.announcing import JPEG, work
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.server import Simulator
from tests.simulator.world import Line
from tests.telling import ANA, BETO, composer, make_cloud, make_wapi, post, process, store

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfilling, "BETWEEN_PAGES", 0)
    monkeypatch.setattr(asking, "LOOK_SECONDS", 0)


@pytest.fixture
def instance(sim: Simulator) -> WhatsappInstance:
    return make_wapi()


@pytest.fixture
def line(sim: Simulator, instance: WhatsappInstance) -> Line:
    return composer(sim.world, instance).line


@pytest.fixture
def composing(sim: Simulator, line: Line) -> WapiComposer:
    return WapiComposer(sim.world, line)


@pytest.fixture
def asker() -> Iterator[Asking]:
    made = Asking()
    yield made
    made.close()


def lose(sim: Simulator, line: Line, *bodies: dict[str, object]) -> None:
    """Sent by the provider, and nobody took them."""
    for body in bodies:
        assert sim.courier.deliver(line, body) == 0


def run(*options: str) -> tuple[int, str]:
    out, code = io.StringIO(), 0
    try:
        call_command("backfill_webhooks", *options, stdout=out)
    except SystemExit as exc:
        code = int(exc.code or 0)
    return code, out.getvalue()


def ask(asker: Asking) -> None:
    """Until the provider has answered."""
    asker.turn(timezone.now())
    while asker._busy:
        asker.turn(timezone.now())


def gap_of(instance: WhatsappInstance, **facts: object) -> Gap:
    now = timezone.now()
    facts = {"started_at": now - HOUR, "ended_at": now + HOUR, "ask_at": now, "why": "silent"} | facts
    return Gap.objects.create(instance=instance, **facts)


def test_a_gap_is_filled_with_messages_and_their_files(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer, asker: Asking
) -> None:
    """Webhooks go nowhere for a while; the gap is known; what was in them comes all the same."""
    post(instance, composing.text(ANA, "antes"))
    photo = composing.media(ANA, sim.world.bytes_file(line, JPEG, "image", "image/jpeg"), "foto")
    words = [composing.text(who, f"perdida {number}") for number, who in enumerate((ANA, BETO, ANA))]
    lose(sim, line, *words, photo)
    gap = gap_of(instance)
    ask(asker)
    work()
    gap.refresh_from_db()
    assert Message.objects.filter(text__startswith="perdida").count() == 3
    assert MediaFile.objects.get().state == "ready"
    assert (gap.taken_in, gap.ask_at) == (4, None)
    assert gap.answer == "Webhooks in its log: 4, taken in: 4."
    assert set(WebhookEvent.objects.values_list("source", flat=True)) == {None, "backfill"}


def test_the_same_time_again_adds_nothing(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer
) -> None:
    lose(sim, line, composing.text(ANA, "um"), composing.text(ANA, "dois"))
    assert run()[0] == 0
    process()
    before = WebhookEvent.objects.count()
    code, told = run()
    assert (code, "0 taken in, 2 here already" in told) == (0, True)
    assert WebhookEvent.objects.count() == before


def test_what_came_by_itself_is_not_stored_again(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer
) -> None:
    came = composing.text(ANA, "veio")
    status = composing.status(ANA, came["messageId"], "read")
    for body in (came, status):
        lose(sim, line, body)
        store(instance, body)
    process()
    assert "0 taken in" in run()[1]
    assert WebhookEvent.objects.exclude(source=None).count() == 0
    assert StatusChange.objects.count() == 1


def test_a_log_of_many_pages_is_read_to_the_end(
    sim: Simulator,
    instance: WhatsappInstance,
    line: Line,
    composing: WapiComposer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "PER_PAGE", 3)
    lose(sim, line, *[composing.text(ANA, f"n {number}") for number in range(10)])
    run()
    process()
    assert Message.objects.count() == 10
    assert len(sim.world.seen("fetch-webhook-logs")) == 4


def test_messages_keep_their_order_and_their_time(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer
) -> None:
    lose(sim, line, *[composing.text(ANA, f"n {number}") for number in range(5)])
    run()
    process()
    texts = list(Message.objects.order_by("id").values_list("text", flat=True))
    assert texts == [f"n {number}" for number in range(5)]
    assert all(row.received_at < timezone.now() for row in WebhookEvent.objects.all())


def test_a_dry_run_stores_nothing(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer
) -> None:
    lose(sim, line, composing.text(ANA, "um"))
    assert "1 would be taken in" in run("--dry-run")[1]
    assert not WebhookEvent.objects.exists()


def test_only_the_time_that_was_asked_for(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer
) -> None:
    lose(sim, line, composing.text(ANA, "um"))
    assert run("--until", "2026-01-01")[0] == 0
    assert not WebhookEvent.objects.exists()


def test_the_cloud_api_says_that_it_has_none(sim: Simulator) -> None:
    make_cloud()
    assert run() == (0, "Encomendas (800000000000001): Cloud API keeps no log of its webhooks.\n")


def test_a_line_that_cannot_be_asked_is_an_error(
    sim: Simulator, instance: WhatsappInstance, line: Line
) -> None:
    sim.world.fault("fetch-webhook-logs", status=500)
    code, told = run("--instance", instance.instance_id)
    assert code == 1
    assert told.startswith("Balcão (AB12CD-EF34GH-IJ56KL): ")


def test_no_line_is_said(db: None) -> None:
    assert run() == (0, "No line to ask.\n")


def test_a_provider_that_is_down_is_asked_again_later(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer, asker: Asking
) -> None:
    lose(sim, line, composing.text(ANA, "um"))
    sim.world.fault("fetch-webhook-logs", status=503, times=1)
    gap = gap_of(instance)
    ask(asker)
    gap.refresh_from_db()
    assert gap.ask_at and gap.ask_at > timezone.now() + HOUR / 2
    Gap.objects.update(ask_at=timezone.now())
    ask(asker)
    process()
    gap.refresh_from_db()
    assert (gap.ask_at, gap.taken_in) == (None, 1)


def test_a_line_that_is_still_silent_is_asked_every_hour(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer, asker: Asking
) -> None:
    lose(sim, line, composing.text(ANA, "um"))
    gap = gap_of(instance, ended_at=None)
    ask(asker)
    gap.refresh_from_db()
    assert gap.ask_at and gap.ask_at > timezone.now() + HOUR / 2
    assert "taken in: 1" in gap.answer


def test_two_workers_do_not_ask_for_the_same_gap(instance: WhatsappInstance) -> None:
    gap_of(instance)
    assert [asking.next_gap(timezone.now()) is None for _ in range(2)] == [False, True]


def test_a_body_of_another_line_is_not_taken_in(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer
) -> None:
    lose(sim, line, composing.text(ANA, "um") | {"instanceId": "OTHER-000000-000000"})
    assert "1 not readable" in run()[1]
    assert not WebhookEvent.objects.exists()


def test_what_was_asked_for_by_hand_the_worker_leaves(
    sim: Simulator, instance: WhatsappInstance, line: Line, composing: WapiComposer
) -> None:
    lose(sim, line, composing.text(ANA, "um"))
    gap = gap_of(instance, ended_at=timezone.now() - HOUR / 2)
    run()
    gap.refresh_from_db()
    assert (gap.ask_at, gap.answer) == (None, "Asked for by hand, taken in: 1.")
