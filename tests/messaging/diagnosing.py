"""What the tests of ``manage.py diagnose`` share: running it, and a W-API line in order."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.services import webhook_url
from media.models import FetchAttempt, MediaFile
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.world import Line
from tests.telling import ANA, composer, make_wapi, process, store


def run(*options: str) -> tuple[int, str]:
    out, code = io.StringIO(), 0
    try:
        call_command("diagnose", *options, stdout=out)
    except SystemExit as exc:
        code = int(exc.code or 0)
    return code, out.getvalue()


def report(*options: str) -> dict[str, Any]:
    code, text = run("--json", *options)
    told: dict[str, Any] = json.loads(text)
    assert code == (1 if told["needs_a_person"] else 0)
    return told


def said(told: dict[str, Any], level: str) -> str:
    return "\n".join(f"{one['text']} {one['advice']}" for one in told["findings"] if one["level"] == level)


@pytest.fixture(name="instance")
def instance_in_order(sim) -> WhatsappInstance:
    return make_wapi(last_event_at=timezone.now())


@pytest.fixture(name="line")
def line_in_order(sim, instance) -> Line:
    found = composer(sim.world, instance).line
    found.use_webhook(webhook_url(instance))
    return found


def with_files(sim, instance, line, count=1) -> list[MediaFile]:
    """Pending files that the provider still has."""
    for _ in range(count):
        file = sim.world.sample_file(line, "cake.jpg")
        store(instance, WapiComposer(sim.world, line).media(ANA, file, "caption"))
    process()
    return list(MediaFile.objects.order_by("pk"))


def attempts(media_file: MediaFile, strategy: str, outcome: str, count: int) -> None:
    now = timezone.now()
    FetchAttempt.objects.bulk_create(
        FetchAttempt(media_file=media_file, strategy=strategy, started_at=now, outcome=outcome, duration=0.5)
        for _ in range(count)
    )
