"""What stands beside the code agrees with it: requirements with locks, .env.example with the settings."""

import os
import re
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import WhatsappInstance
from media.strategies import STRATEGIES
from multichat import env

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)
SETTING = re.compile(r"env\.[a-z_]+\(\s*\"([A-Z_]+)\"")
LOCKS = ["requirements.lock", "tests/requirements.lock"]


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text()))


def test_the_suite_runs_on_the_database_that_was_asked_for() -> None:
    asked = "postgresql" if os.environ.get("TEST_DATABASE_URL") else "sqlite"
    assert connection.vendor == asked


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_every_direct_requirement(lock: str) -> None:
    direct = pins("requirements.txt") | (pins("tests/requirements.txt") if "tests" in lock else {})
    assert direct.items() <= pins(lock).items()


def test_tests_run_on_the_versions_that_production_runs_on() -> None:
    assert pins("requirements.lock").items() <= pins("tests/requirements.lock").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_everything_and_names_no_package_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    unhashed = [line for line in text.splitlines() if "==" in line and not line.endswith("\\")]
    assert unhashed == []
    assert not re.search(r"://|--(extra-)?index|--find-links", text)


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_every_direct_requirement_is_pinned_to_a_release(name: str) -> None:
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    named = [line for line in lines if line and not line.startswith("-r ")]
    loose = [line for line in named if not re.fullmatch(r"[a-z0-9-]+(\[[a-z0-9,]+\])?==[0-9][0-9.]*", line)]
    assert named and loose == []


def test_the_example_environment_names_every_setting_and_no_other() -> None:
    read = set(SETTING.findall((ROOT / "multichat/settings.py").read_text()))
    named = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named == read


def test_the_words_for_strategies_are_the_same_everywhere() -> None:
    assert env.STRATEGIES == WhatsappInstance.STRATEGIES == tuple(STRATEGIES)
