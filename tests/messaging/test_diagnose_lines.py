"""``manage.py diagnose`` asks simulated providers: what it makes of their answers."""

import json

import pytest
from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.services import webhook_url
from tests.messaging.diagnosing import attempts, instance_in_order, line_in_order, report, said, with_files  # noqa: F401 - fixtures
from tests.telling import ANA, composer, make_cloud, process, store

pytestmark = pytest.mark.django_db


def test_a_line_in_order_needs_nobody(sim, instance, line):
    with_files(sim, instance, line)
    told = report()
    assert not told["needs_a_person"]
    assert told["levels"]["warn"] == 0
    endpoints = {row["endpoint"]: row["ok"] for row in told["instances"][0]["endpoints"]}
    assert endpoints == {
        "status": True,
        "webhooks": True,
        "download": True,
        "download (alternative)": False,
    }


def test_a_cloud_line_in_order_needs_nobody(sim):
    instance = make_cloud(last_event_at=timezone.now())
    composer(sim.world, instance).line.use_webhook(webhook_url(instance))
    assert not report()["needs_a_person"]


def test_a_disconnected_line_has_to_be_paired(instance, line):
    line.connected = False
    assert "QR code" in said(report(), "problem")


def test_a_refused_token_has_to_be_entered_anew(instance, line):
    line.token = "another-token"
    told = report()
    assert "Enter the present token" in said(told, "problem")
    assert [row["endpoint"] for row in told["instances"][0]["endpoints"]] == ["status"]


@pytest.mark.parametrize(
    "address", ["", "https://elsewhere.example.com/hook/canary-path", "http://[canary-path", "\x1b[2J"]
)
def test_webhooks_that_point_elsewhere_are_a_problem(instance, line, address):
    line.use_webhook(address)
    told = report()
    assert "Set webhooks at the provider" in said(told, "problem")
    assert "canary-path" not in json.dumps(told)


def test_a_key_that_was_rotated_is_told_from_a_foreign_host(instance, line):
    line.use_webhook(webhook_url(instance).replace(instance.webhook_key, "old-key"))
    assert "has another key or path of this host" in said(report(), "problem")


def test_a_failing_download_is_named_but_needs_nobody_while_the_cdn_works(sim, instance, line):
    [media_file] = with_files(sim, instance, line)
    attempts(media_file, "cdn", "ok", 8)
    attempts(media_file, "provider", "unavailable", 8)
    sim.world.fault("download-media", status=500)
    told = report()
    assert not told["needs_a_person"]
    assert "(HTTP 500)" in said(told, "warn")
    assert "Files come by cdn meanwhile" in said(told, "warn")
    assert "provider worked 0 of 8 times" in said(told, "warn")


def test_a_provider_that_cannot_be_reached_is_a_problem_of_the_network(settings, instance, line):
    settings.WAPI_BASE_URL = "http://127.0.0.1:9/v1"
    told = report()
    assert "firewall" in said(told, "problem")
    assert [row["ok"] for row in told["hosts"]] == [False, True]


@pytest.mark.parametrize("point", ["status-instance", "fetch-instance", "download-media"])
@pytest.mark.parametrize(
    ("fault", "level", "advice"),
    [
        ({"status": 503}, "warn", "It is asked again by itself"),
        ({"html": True}, "warn", "Check the base address"),
        ({"reset_at": 0}, "problem", "firewall"),
    ],
)
def test_whatever_a_provider_does_becomes_a_finding(sim, instance, line, point, fault, level, advice):
    with_files(sim, instance, line)
    sim.world.fault(point, **fault)
    assert advice in said(report(), level)


def test_a_cdn_that_only_fails_is_reachable(sim, instance, line):
    sim.world.fault("cdn", status=503)
    assert [row["ok"] for row in report()["hosts"]] == [True, True]


def test_offline_asks_nobody(sim, instance, line):
    told = report("--offline")
    assert (told["hosts"], told["instances"][0]["endpoints"], list(sim.world.requests)) == ([], [], [])


def test_a_line_that_is_switched_off_is_not_asked(sim, instance, line):
    WhatsappInstance.objects.update(is_active=False)
    assert not report()["needs_a_person"]
    assert sim.world.seen("status-instance") == []


def test_a_cloud_line_is_asked_where_its_newest_file_is(sim):
    instance = make_cloud(last_event_at=timezone.now())
    writer = composer(sim.world, instance)
    writer.line.use_webhook(webhook_url(instance))
    store(instance, writer.media(ANA, sim.world.sample_file(writer.line, "cake.jpg"), "caption"))
    process()
    told = report()
    assert [row["endpoint"] for row in told["instances"][0]["endpoints"]] == [
        "status",
        "webhooks",
        "download",
    ]
    assert len(sim.world.seen("media-info")) == 1
