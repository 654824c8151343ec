"""Addresses and rows that tests of the gallery and of the ledger share."""

from typing import Any

from media.models import MediaFile, Rendition
from tests.tenants import Rows

LISTING = "/admin/media/mediafile/"
LEDGER = LISTING + "?view=ledger"


def shown(response: Any) -> list[int]:
    assert response.status_code == 200
    return [row.pk for row in response.context["cl"].result_list]


def text(response: Any) -> str:
    return response.content.decode()


def ready(rows: Rows, count: int = 1, **facts: Any) -> list[MediaFile]:
    """Rows only: the gallery opens no file."""
    facts = {"kind": "image", "mimetype": "image/jpeg", "state": "ready", "file": "x.jpg", "size": 9} | facts
    return MediaFile.objects.bulk_create(MediaFile(instance=rows.instance, **facts) for _ in range(count))


def thumbnail(media_file: MediaFile, state: str = "ready") -> Rendition:
    return Rendition.objects.create(
        instance=media_file.instance, media_file=media_file, kind="thumbnail", state=state, file="t.webp"
    )
