"""Files in what each client used."""

from collections.abc import Iterable
from datetime import datetime

from accounts import usage
from media.models import MediaFile


def count(found: Iterable[tuple[MediaFile, int]], *, now: datetime) -> None:
    """Files that are ready for the first time, with their sizes; late in the transaction, and once."""
    usage.count(
        (usage.Used(instance_id=one.instance_id, kind=one.kind, files=1, bytes=size) for one, size in found),
        now=now,
    )
