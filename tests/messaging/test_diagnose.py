"""``manage.py diagnose`` against simulated providers: what it finds, what it says to do, and what it never shows."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import WhatsappInstance
from accounts.services import webhook_url
from media.models import FetchAttempt, MediaFile, StrategyHealth
from messaging.models import RefusedWebhook, WebhookEvent
from tests.simulator.compose_wapi import WapiComposer
from tests.simulator.world import Line
from tests.telling import ANA, composer, make_client, make_cloud, make_wapi, process, store

pytestmark = pytest.mark.django_db

CANARIES = {
    "token": "canary-token-AAAAAA",
    "app_secret": "canary-secret-BBB",
    "verify_token": "canary-verify-CC",
}


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


@pytest.fixture
def instance(sim) -> WhatsappInstance:
    return make_wapi(last_event_at=timezone.now())


@pytest.fixture
def line(sim, instance) -> Line:
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


def test_no_way_that_works_is_a_problem(sim, instance, line):
    [media_file] = with_files(sim, instance, line)
    attempts(media_file, "cdn", "gone", 5)
    attempts(media_file, "provider", "unavailable", 5)
    told = report("--offline")
    assert "No way brings files" in said(told, "problem")
    assert [row["rate"] for row in told["instances"][0]["rates"]] == [0, 0]


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


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_secret_is_ever_shown(sim, options, settings):
    instance = make_cloud(**CANARIES, alarm=f"refused {CANARIES['token']}")
    composer(sim.world, instance).line.token = "something-else"
    WebhookEvent.objects.create(
        instance=instance, body=b"{}", state="failed", error=f"boom {CANARIES['app_secret']}"
    )
    _, text = run(*options)
    hidden = [*CANARIES.values(), instance.webhook_key, *settings.FIELD_ENCRYPTION_KEYS, settings.SECRET_KEY]
    assert "boom" in text
    assert [secret for secret in hidden if secret in text] == []
    assert f"…{instance.webhook_key[-4:]}/" in text


def test_the_json_has_the_documented_keys(instance, line):
    told = report()
    assert set(told) == {
        "generated_at", "needs_a_person", "levels", "configuration", "storage", "worker", "hosts", "instances",
        "refusals", "failed_events", "last_failures", "findings",
    }  # fmt: skip
    assert {"credentials", "endpoints", "webhooks", "media", "rates", "folder"} <= set(told["instances"][0])
    assert {frozenset(one) for one in told["findings"]} == {frozenset(["level", "about", "text", "advice"])}
    assert told["instances"][0]["credentials"]["token"] == "set (10 characters)"


def test_whatever_is_not_ok_comes_with_advice(sim, instance, line, settings):
    settings.DEBUG, settings.MEDIA_STRATEGIES, settings.ALLOWED_HOSTS = True, ["provider"], ["other.example"]
    line.connected = False
    RefusedWebhook.objects.create(instance=None, day=timezone.now().date(), reason="unknown key", count=3)
    found = report()["findings"]
    assert {one["level"] for one in found} == {"ok", "warn", "problem"}
    assert [one for one in found if one["level"] != "ok" and not one["advice"]] == []


def test_a_secret_that_fits_no_key_is_said_and_does_not_hide_the_rest(settings, instance, line):
    settings.FIELD_ENCRYPTION_KEYS = ["QW5vdGhlci1rZXktb2Ytb25seS10aGlydHktdHdvISE="]
    other = make_wapi(instance_id="OTHER-LINE", name="Caixa", token="fits")
    told = report("--offline")
    assert "fits none of FIELD_ENCRYPTION_KEYS" in said(told, "problem")
    credentials = {one["instance_id"]: one["credentials"]["token"] for one in told["instances"]}
    assert report("--offline", "--instance", instance.instance_id)["needs_a_person"]
    assert credentials == {instance.instance_id: "cannot be read", other.instance_id: "set (4 characters)"}


def test_work_that_nobody_does_calls_for_a_worker(instance, line):
    event = store(instance, b"{}")
    WebhookEvent.objects.filter(pk=event.pk).update(next_attempt_at=timezone.now() - timedelta(hours=3))
    assert "manage.py worker" in said(report("--offline"), "problem")


def test_files_that_will_soon_be_gone_are_a_problem(sim, instance, line):
    with_files(sim, instance, line, count=2)
    MediaFile.objects.update(expires_at=timezone.now() + timedelta(hours=5))
    told = report("--offline")
    assert "gone at the source within a day: 2." in said(told, "problem")
    assert told["instances"][0]["media"]["waiting"]["gone_within_a_day"] == 2


def test_stored_files_without_a_folder_are_a_problem(sim, instance, line):
    with_files(sim, instance, line)
    MediaFile.objects.update(state="ready", file="somewhere/else.jpg", size=10)
    assert "audit_media --fix" in said(report("--offline"), "problem")


def test_failures_come_with_their_reasons_newest_first(sim, instance, line):
    first, second = with_files(sim, instance, line, count=2)
    MediaFile.objects.filter(pk=first.pk).update(state="failed", error="cdn: MAC does not match")
    MediaFile.objects.filter(pk=second.pk).update(state="expired", error="cdn: HTTP 410")
    told = report("--offline")
    assert [row["reason"] for row in told["last_failures"]] == ["cdn: HTTP 410", "cdn: MAC does not match"]
    assert "redownload_media --instance" in said(told, "warn")


def test_a_paused_strategy_is_named_with_its_reason(instance, line):
    later = timezone.now() + timedelta(minutes=9)
    StrategyHealth.objects.create(
        instance=instance, strategy="provider", closed_until=later, reason="HTTP 500"
    )
    assert "provider is paused until" in said(report("--offline"), "warn")


def test_one_instance_or_one_client_can_be_chosen(instance, line):
    other = make_wapi(make_client("Clinica"), instance_id="OTHER-LINE", name="Recepção")
    assert [one["id"] for one in report("--offline", "--instance", "OTHER-LINE")["instances"]] == [other.pk]
    assert [one["id"] for one in report("--offline", "--client", "padaria")["instances"]] == [instance.pk]


def test_a_line_that_is_switched_off_is_not_asked(sim, instance, line):
    WhatsappInstance.objects.update(is_active=False)
    assert not report()["needs_a_person"]
    assert sim.world.seen("status-instance") == []


def test_a_public_address_that_providers_cannot_reach_is_a_problem(settings, instance, line):
    settings.WAPI_BASE_URL = "https://api.w-api.app/v1"
    assert "is out of reach for wapi" in said(report("--offline"), "problem")


def test_an_empty_platform_says_how_to_begin(sim):
    told = report()
    assert "create_instance" in said(told, "warn")
    assert told["instances"] == []


def test_people_get_tables_that_end_with_what_is_to_be_done(sim, instance, line):
    with_files(sim, instance, line)
    line.connected = False
    code, text = run()
    assert code == 1
    assert "Provider endpoints\n" in text
    assert text.rstrip().splitlines()[-1] == "Problems: 1. Warnings: 0."
    assert "-> Pair the line again" in text


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


def test_foreign_words_cannot_move_the_cursor(sim, instance, line):
    instance.name = "Balcão\x1b[2J"
    instance.save()
    assert "\x1b" not in run()[1]
