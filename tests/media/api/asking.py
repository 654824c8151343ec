"""Asking the API for media files, with logins and with tokens."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client as Browser
from rest_framework.test import APIClient

from accounts.models import ApiToken, Client, Role, User
from media.models import MediaFile
from tests.tenants import PICTURE, Rows

# Every way to the bytes of a file.
WAYS = ("people", "content", "message", "link")


@pytest.fixture
def ready(acme: Rows) -> MediaFile:
    """The file of Acme's message, stored."""
    return make_stored(acme.media_file)


def make_stored(media_file: MediaFile, content: bytes = PICTURE) -> MediaFile:
    media_file.file.save(f"{media_file.pk}.jpg", ContentFile(content), save=False)
    media_file.state, media_file.error, media_file.cause = "ready", "", ""
    media_file.size, media_file.sha256 = len(content), f"{media_file.pk:064x}"
    media_file.save()
    return media_file


def path_of(media_file: MediaFile, rest: str = "") -> str:
    return f"/api/v1/media/{media_file.pk}/{rest}"


def address(way: str, media_file: Any, browser: Browser) -> str:
    if way == "people":
        return f"/media-files/{media_file.pk}/"
    if way == "content":
        return path_of(media_file, "content/")
    if way == "message":
        return f"/api/v1/messages/{media_file.message.pk}/media/"
    return str(browser.post(path_of(media_file, "link/")).json()["url"])


def bearer(user: User, client: Client, role: Role = Role.MANAGER, **facts: Any) -> tuple[APIClient, ApiToken]:
    token, key = ApiToken.issue(user=user, client=client, role=role, name="front end", **facts)
    return APIClient(headers={"Authorization": f"Bearer {key}"}), token


def body(response: Any) -> bytes:
    return b"".join(response) if response.streaming else bytes(response.content)


def problem(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    told = response.json()
    assert told["status"] == response.status_code
    return response.status_code, told["code"]
