"""Whether a bucket takes, gives and removes a file."""

from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile

from media.s3.storage import S3MediaStorage
from media.s3.trouble import S3Trouble
from media.storage import INCOMING, places

CONTENT = b"MultiChat was here."


def probes() -> list[dict[str, Any]]:
    """Nothing for places on disk: whether they may be written to is seen without trying."""
    return [_probe(place) for place in places() if isinstance(place, S3MediaStorage)]


def _probe(place: S3MediaStorage) -> dict[str, Any]:
    told = {"bucket": place.bucket_name, "endpoint": place.endpoint_url or "", "error": "", "code": ""}
    name = f"{INCOMING}/probe-{uuid4().hex}"
    try:
        place.save(name, ContentFile(CONTENT))
        with place.open(name) as content:
            same = content.read() == CONTENT
        place.delete(name)
    except S3Trouble as exc:
        return {**told, "error": str(exc), "code": exc.code}
    except FileNotFoundError:
        return {**told, "error": "what was written is not there", "code": "lost"}
    return told if same else {**told, "error": "other bytes come back than were written", "code": "changed"}
