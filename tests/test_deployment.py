"""The settings of a real installation, as Django's own check for deployment sees them, and what its answers carry."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from multichat.policies import content_security_policy, storage_origins

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "multichat.settings",
    "ENV_FILE": "",
    "SECRET_KEY": "a-long-one-that-nobody-guesses-0123456789-abcdefghijklmnopqrstuvwxyz",
    "FIELD_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtISE=",
    "PUBLIC_BASE_URL": "https://chat.example.com",
    "STREAM_BASE_URL": "https://stream.example.com",
}
ASKED = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
answer = Client().get("/admin/login/", secure=True, headers={"host": "chat.example.com"})
cookies = {name: dict(one) for name, one in answer.cookies.items()}
names = [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME]
print(json.dumps([dict(answer.headers), cookies, names]))
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    keep = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "MEDIA_ROOT", "DATABASE_URL")
        if name in os.environ
    }
    return subprocess.run(
        [sys.executable, *words], env=keep | PRODUCTION, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_the_check_for_deployment_is_clean() -> None:
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.fixture(scope="module")
def told() -> Any:
    done = run("-c", ASKED)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_cookies_are_for_this_host_and_https_and_out_of_reach_of_scripts(told: Any) -> None:
    _, cookies, names = told
    assert names == ["__Host-sessionid", "__Host-csrftoken"]
    made = cookies["__Host-csrftoken"]
    assert (made["secure"], made["httponly"], made["samesite"]) == (True, True, "Lax")
    assert (made["path"], made["domain"]) == ("/", "")


def test_browsers_are_told_to_stay_with_https_and_to_themselves(told: Any) -> None:
    headers, _, _ = told
    assert headers["Strict-Transport-Security"] == "max-age=2592000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_the_policy_of_pages_is_closed_but_for_ourselves_and_the_stream(told: Any) -> None:
    policy = dict(part.strip().split(" ", 1) for part in told[0]["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' https://stream.example.com"
    assert policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == policy["form-action"] == "'self'"


@pytest.mark.parametrize(
    ("delivery", "options", "origins"),
    [
        ("stream", {"bucket_name": "media"}, []),
        ("redirect", {}, []),
        (
            "redirect",
            {"bucket_name": "media"},
            ["https://s3.amazonaws.com", "https://media.s3.amazonaws.com"],
        ),
        (
            "redirect",
            {"bucket_name": "media", "endpoint_url": "http://minio:9000/"},
            ["http://minio:9000", "http://media.minio:9000"],
        ),
        ("redirect", {"bucket_name": "m", "custom_domain": "cdn.example.com"}, ["https://cdn.example.com"]),
    ],
)
def test_files_that_are_redirected_to_a_storage_may_be_shown(
    delivery: str, options: dict[str, str], origins: list[str]
) -> None:
    found = storage_origins(delivery, {"OPTIONS": options})
    assert found == origins
    directives = content_security_policy("https://chat.example.com", found)["DIRECTIVES"]
    assert all(one in directives["img-src"] and one in directives["media-src"] for one in origins)
