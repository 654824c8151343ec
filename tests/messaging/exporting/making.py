"""Exports made in the test's own process, and what is in them."""

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from messaging.models import Export
from messaging.services import exporting
from messaging.services.exporting import Parts, request_export

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Clock:
    """Stands still unless it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def made(of: Any, now: datetime = NOW) -> Export:
    export = request_export(of, by=None, now=now)
    for _ in exporting.make_now(Export.objects.filter(pk=export.pk), now=Clock(now)):
        pass
    export.refresh_from_db()
    return export


@pytest.fixture
def made_export() -> Any:
    return made


def archive_of(export: Export) -> zipfile.ZipFile:
    with Parts(export) as parts:
        content = b"".join(iter(lambda: parts.read(1 << 20), b""))
    assert len(content) == export.size
    return zipfile.ZipFile(io.BytesIO(content))


def told(archive: zipfile.ZipFile, path: str) -> Any:
    return json.loads(archive.read(path))


def names(archive: zipfile.ZipFile, end: str) -> list[str]:
    return [name for name in archive.namelist() if name.endswith(end)]
