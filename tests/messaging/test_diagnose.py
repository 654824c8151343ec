"""``manage.py diagnose``: what it finds in rows and settings, what it says to do, and what it never shows."""

from datetime import timedelta

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from media.models import MediaFile, StrategyHealth
from messaging.models import RefusedWebhook, WebhookEvent
from tests.messaging.diagnosing import (  # noqa: F401 - fixtures
    attempts,
    instance_in_order,
    line_in_order,
    report,
    run,
    said,
    with_files,
)
from tests.telling import composer, make_client, make_cloud, make_wapi, store

pytestmark = pytest.mark.django_db

CANARIES = {
    "token": "canary-token-AAAAAA",
    "app_secret": "canary-secret-BBB",
    "verify_token": "canary-verify-CC",
}


def test_no_way_that_works_is_a_problem(sim, instance, line):
    [media_file] = with_files(sim, instance, line)
    attempts(media_file, "cdn", "gone", 5)
    attempts(media_file, "provider", "unavailable", 5)
    attempts(media_file, "reuse", "ok", 5)
    told = report("--offline")
    assert "No way brings files" in said(told, "problem")
    assert [row["rate"] for row in told["instances"][0]["rates"]] == [0, 0]


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
        "generated_at", "needs_a_person", "levels", "configuration", "storage", "worker", "spool", "hosts",
        "instances", "refusals", "failed_events", "last_failures", "findings",
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


def test_a_public_address_that_providers_cannot_reach_is_a_problem(settings, instance, line):
    settings.WAPI_BASE_URL = "https://api.w-api.app/v1"
    assert "is out of reach for wapi" in said(report("--offline"), "problem")


def test_a_database_that_was_not_migrated_is_all_that_is_told(sim):
    MigrationRecorder.Migration.objects.filter(app="messaging").exclude(name="0001_initial").delete()
    told = report("--offline")
    assert [one["advice"] for one in told["findings"]] == ["Run `manage.py migrate`."]


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


def test_foreign_words_cannot_move_the_cursor(sim, instance, line):
    instance.name = "Balcão\x1b[2J"
    instance.save()
    assert "\x1b" not in run()[1]


def test_a_machine_without_ffmpeg_is_told_what_it_misses(instance, line, monkeypatch):
    assert "voice notes" not in said(report("--offline"), "warn")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    told = report("--offline")
    assert "voice notes do not play in Safari" in said(told, "warn")
    assert told["storage"]["ffmpeg"] == ""
