"""Why files are not here, counted by cause over the latest ones, however many there are in all."""

from collections import Counter
from typing import Any

from media.models import MediaFile

LOOKED_AT = 1000


def causes(user: Any) -> list[tuple[MediaFile.Cause, int]]:
    """The most frequent first."""
    rows = MediaFile.objects.visible_to(user).exclude(cause="").order_by("-created_at", "-id")
    counts = Counter(rows.values_list("cause", flat=True)[:LOOKED_AT])
    return [(MediaFile.Cause(cause), count) for cause, count in counts.most_common()]
