"""Probes and figures: answered before anything else, whatever name they were called by, with no word too many."""

from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient
from django.test import Client as Browser
from pytest_django import Settings

from messaging.models import WebhookEvent
from tests.telling import make_wapi

TOKEN = "a-token-of-prometheus"


@pytest.fixture
def metrics_on(settings: Settings) -> dict[str, Any]:
    settings.METRICS_TOKEN = TOKEN
    return {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}


def rename(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")


def ready() -> tuple[int, dict[str, str]]:
    answer = Browser().get("/readyz")
    return answer.status_code, answer.json()["parts"]


def test_being_alive_asks_no_database() -> None:
    answer = Browser().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "not-allowed.example.com", "[::1]", "in valid"])
def test_a_probe_may_call_by_any_name(host: str) -> None:
    answer = Browser().get("/healthz", HTTP_HOST=host)
    assert (answer.status_code, answer.cookies, answer["Cache-Control"]) == (200, {}, "no-store")


@pytest.mark.django_db(transaction=True)
def test_other_pages_still_want_an_allowed_name() -> None:
    assert Browser().get("/admin/login/", HTTP_HOST="not-allowed.example.com").status_code == 400


def test_a_probe_is_not_led_to_https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Browser().get("/healthz").status_code == 200


def test_the_process_of_the_stream_answers_too() -> None:
    assert async_to_sync(AsyncClient().get)("/healthz").status_code == 200


def test_a_post_is_no_probe(settings: Settings) -> None:
    assert Browser().post("/healthz").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_all_parts_are_fine() -> None:
    assert ready() == (200, {"database": "ok", "storage": "ok", "spool": "ok"})


@pytest.mark.django_db(transaction=True)
def test_an_answer_names_no_host_and_no_path(settings: Settings) -> None:
    said = Browser().get("/readyz").content.decode()
    assert not [
        word for word in (str(settings.VAR_DIR), "127.0.0.1", str(settings.MEDIA_ROOT)) if word in said
    ]


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_is_missing_is_told() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_migrations SET name = 'x' || name WHERE app = 'media' AND name LIKE '0001%'"
        )
    try:
        assert ready() == (503, {"database": "migrations are missing", "storage": "ok", "spool": "ok"})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE django_migrations SET name = substr(name, 2) WHERE name LIKE 'x0001%'")


@pytest.mark.django_db(transaction=True)
def test_a_storage_that_takes_nothing_is_told(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "a file"
    settings.MEDIA_ROOT.write_text("no folder")
    assert ready()[1]["storage"] == "cannot be used"


@pytest.mark.django_db(transaction=True)
def test_a_full_spool_is_told(settings: Settings) -> None:
    settings.SPOOL_MAX_BYTES = settings.WEBHOOK_MAX_BYTES - 1
    assert ready()[1]["spool"] == "no room"


def test_without_a_token_there_are_no_figures(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert Browser().get("/metrics").status_code == 404


@pytest.mark.parametrize(
    "given", [{}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": "Bearer ação"}]
)
def test_figures_want_the_token(metrics_on: Any, given: dict[str, Any]) -> None:
    answer = Browser().get("/metrics", **given)
    assert answer.status_code == 401
    assert b"multichat_" not in answer.content


@pytest.mark.django_db(transaction=True)
def test_figures_tell_of_rows_disks_and_processes(metrics_on: Any) -> None:
    WebhookEvent.objects.create(instance=make_wapi(), body=b"{}")
    text = Browser().get("/metrics", **metrics_on).content.decode()
    for line in (
        'queue_depth{queue="events"} 1.0',
        "database_up 1.0",
        "spool_files 0.0",
        'disk_free_bytes{place="var"}',
    ):
        assert f"multichat_{line}" in text
    assert "multichat_webhook_lag_seconds_bucket" in text


@pytest.mark.django_db(transaction=True)
def test_figures_come_without_a_database(metrics_on: Any) -> None:
    rename("accounts_whatsappinstance", "away")
    try:
        text = Browser().get("/metrics", **metrics_on).content.decode()
    finally:
        rename("away", "accounts_whatsappinstance")
    assert "multichat_database_up 0.0" in text and "multichat_spool_files" in text
