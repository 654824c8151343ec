"""The files that put MultiChat on a server agree with the program."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from accounts import metrics
from media.models import Leftover, MediaFile, StorageUse, StrategyHealth
from messaging.models import SendingLine, WebhookEvent
from messaging.models.gaps import Gap
from messaging.services import reporting
from tests.telling import make_wapi

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"multichat_[a-z_]+")
SERIES = re.compile(r"^(multichat_[a-z_]+)[{ ]", re.MULTILINE)


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture
def told(settings: Settings, transactional_db: None) -> set[str]:
    """Every series that /metrics shows once everything has happened."""
    now, instance = timezone.now(), make_wapi()
    StrategyHealth.objects.create(
        instance=instance, strategy="provider", closed_until=now + timedelta(hours=1)
    )
    SendingLine.objects.create(instance=instance, next_at=now + timedelta(hours=1), reason="down")
    Gap.objects.create(instance=instance, started_at=now, why="silent")
    type(instance).objects.filter(pk=instance.pk).update(last_event_at=now)
    type(instance.client).objects.filter(pk=instance.client_id).update(quota_bytes=1)
    for metric in vars(metrics).values():
        if getattr(metric, "_labelnames", None):
            metric.labels(*["x"] * len(metric._labelnames))
    settings.METRICS_TOKEN = "token"
    answer = Browser().get("/metrics", headers={"Authorization": "Bearer token"})
    return set(SERIES.findall(answer.content.decode()))


def expressions() -> Iterator[str]:
    board = json.loads((ROOT / "deploy/grafana/multichat.json").read_text())
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))
    for variable in board["templating"]["list"]:
        yield variable["query"]
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    for group in rules["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def test_every_metric_that_is_watched_exists(told: set[str]) -> None:
    watched = {name for expression in expressions() for name in NAME.findall(expression)}
    assert len(watched) > 30
    assert watched - told == set()


def test_every_metric_is_explained(told: set[str]) -> None:
    text = (ROOT / "docs/monitoring.md").read_text()
    names = {re.sub(r"_(bucket|count|sum)$", "", name) for name in told}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_every_alarm_has_a_way_out() -> None:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    text = (ROOT / "docs/monitoring.md").read_text()
    assert [rule["alert"] for rule in rules if f"### {rule['alert']}\n" not in text] == []
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}


def test_panels_have_places_of_their_own() -> None:
    panels = json.loads((ROOT / "deploy/grafana/multichat.json").read_text())["panels"]
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels]
    assert len(set(places)) == len(places) == len({one["id"] for one in panels})


@pytest.mark.django_db
def test_figures_take_few_questions_however_much_there_is(django_assert_max_num_queries: Any) -> None:
    instance = make_wapi()
    WebhookEvent.objects.bulk_create([WebhookEvent(instance=instance, body=b"{}") for _ in range(300)])
    MediaFile.objects.bulk_create([MediaFile(instance=instance, kind="image") for _ in range(300)])
    with django_assert_max_num_queries(20):
        found = reporting.read(timezone.now())
    depth = {
        s.labels["queue"]: s.value
        for one in found
        if one.name == "multichat_queue_depth"
        for s in one.samples
    }
    assert (depth["events"], depth["media"], depth["sends"]) == (300, 300, 0)


@pytest.mark.django_db
def test_quotas_and_what_is_yet_to_be_deleted_are_told() -> None:
    client, now = make_wapi().client, timezone.now()
    type(client).objects.filter(pk=client.pk).update(quota_bytes=1000)
    StorageUse.objects.create(client=client, files=1, bytes=950)
    Leftover.objects.create(client_id=client.pk, name="gone.jpg", noted_at=now - timedelta(hours=2))
    values = {one.name: [s.value for s in one.samples] for one in reporting.read(now)}
    assert values["multichat_client_quota_bytes"] == [1000]
    assert values["multichat_client_stored_bytes"] == [950]
    assert values["multichat_leftover_files"] == [1]
    assert values["multichat_leftover_oldest_seconds"] == [7200]


@pytest.mark.django_db
def test_what_waits_for_a_line_that_is_off_is_no_delay() -> None:
    instance = make_wapi()
    long_ago = timezone.now() - timedelta(hours=2)
    WebhookEvent.objects.create(instance=instance, body=b"{}", next_attempt_at=long_ago)
    due = [
        s.value
        for one in reporting.read(timezone.now())
        if one.name == "multichat_queue_due_seconds"
        for s in one.samples
    ]
    assert max(due) > 7000
    type(instance).objects.update(is_active=False)
    due = [
        s.value
        for one in reporting.read(timezone.now())
        if one.name == "multichat_queue_due_seconds"
        for s in one.samples
    ]
    assert max(due) == 0


def test_the_worker_takes_in_what_the_web_processes_set_by(compose: Any) -> None:
    """The spool lies below VAR_DIR, which both have in the same volume."""
    image = (ROOT / "Dockerfile").read_text()
    for name in ("web", "worker"):
        service = compose["services"][name]
        assert service["volumes"] == ["data:/data"] and " VAR_DIR=/data " in image
        assert {"VAR_DIR", "SPOOL_DIR"}.isdisjoint(service["environment"])


@pytest.mark.parametrize("name", ["web", "stream", "worker", "prepare"])
def test_a_service_can_change_nothing_but_its_data(compose: Any, name: str) -> None:
    service = compose["services"][name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["volumes"] == ["data:/data"] and service["tmpfs"][0].startswith("/tmp")
    assert service["mem_limit"] and "ports" not in service


def test_uploads_that_wait_in_the_proxy_are_not_in_its_memory(compose: Any) -> None:
    proxy = compose["services"]["proxy"]
    assert "cache:/var/cache/nginx" in proxy["volumes"] and "cache" in compose["volumes"]
    assert [one.partition(":")[0] for one in proxy["tmpfs"]] == ["/run", "/tmp"]


def test_only_the_proxy_is_reached_from_outside(compose: Any) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"]["internal"] and compose["services"]["database"]["networks"] == [
        "inside"
    ]


def test_one_service_builds_the_image_of_all(compose: Any) -> None:
    """Each that builds it leaves one without a name."""
    ours = {name: one for name, one in compose["services"].items() if one["image"].startswith("multichat:")}
    assert len({one["image"] for one in ours.values()}) == 1
    assert [name for name, one in ours.items() if "build" in one] == ["prepare"]
    assert {one["pull_policy"] for one in ours.values()} == {"never"}


def test_the_proxy_follows_containers_to_new_addresses() -> None:
    text = (ROOT / "deploy/nginx/places-compose.conf").read_text()
    servers = re.findall(r"^    server (.*);$", text, re.MULTILINE)
    assert len(servers) == 3 and all(" resolve " in one for one in servers)
    assert "\nresolver 127.0.0.11 valid=" in text


def test_no_secret_stands_in_the_compose_file(compose: Any) -> None:
    for service in compose["services"].values():
        assert not {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "POSTGRES_PASSWORD"} & set(
            service.get("environment", {})
        )
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())


def test_settings_of_the_deployment_are_settings() -> None:
    known = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    known |= {f"{name}_FILE" for name in known} | {
        "ENV_FILE",
        "HOST",
        "PORT",
        "WEB_PROCESSES",
        "WEB_THREADS",
        "WORKER_PROCESSES",
    }
    known |= {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PATH"}
    units = "\n".join(path.read_text() for path in (ROOT / "deploy/systemd").iterdir())
    used = {
        name
        for line in re.findall(r"^Environment=(.*)$", units, re.MULTILINE)
        for name in re.findall(r"([A-Z_]+)=", line)
    }
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    for name in ("web", "stream", "worker"):
        used |= set(compose["services"][name]["environment"])
    assert used - known == set()


def test_the_image_runs_as_nobody_special_and_installs_by_hash() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE) and "HEALTHCHECK" in text
    assert "--require-hashes --only-binary :all:" in text and "venv --without-pip" in text


def test_the_image_holds_what_the_program_needs_and_no_more() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied
    assert {"accounts", "media", "messaging", "multichat", "templates", "manage.py"} <= copied


@pytest.mark.parametrize(
    "path", sorted((ROOT / "deploy/systemd").glob("*.service")), ids=lambda path: path.name
)
def test_a_unit_is_hardened(path: Path) -> None:
    text = path.read_text()
    for line in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=\n",
        "User=multichat",
        "UMask=0027",
    ):
        assert line in text


def test_addresses_that_are_credentials_stand_in_no_log_of_the_proxy() -> None:
    text = (ROOT / "deploy/nginx/multichat.conf").read_text()
    for place in ("/webhook/", "@webhook_again", "/api/v1/media/links/", "= /api/v1/stream/"):
        block = text[text.rindex(f"location {place} {{") :].partition("\n    }")[0]
        assert "access_log off;" in block and "error_log /dev/null emerg;" in block
    assert "$request " not in text and "$args" not in text and "$request_uri" not in text


@pytest.mark.parametrize("words", [[], ["everything"]])
def test_the_start_command_says_what_it_knows(words: list[str]) -> None:
    said = subprocess.run([ROOT / "scripts/serve.sh", *words], capture_output=True, text=True)
    assert (said.returncode, said.stderr.startswith("usage: ")) == (64, True)
