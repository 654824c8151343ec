"""Media files in the feed of changes."""

from collections.abc import Iterable
from datetime import datetime

from accounts import feed
from accounts.models import Change
from media.models import MediaFile, MediaFileQuerySet


def tell(media_files: Iterable[MediaFile], *, at: datetime) -> None:
    """For files whose instance is at hand."""
    feed.tell(
        feed.change(one.instance, feed.Topic.MEDIA, one.pk, feed.Action.UPDATED, at=at) for one in media_files
    )


def changes_of(rows: MediaFileQuerySet, *, at: datetime) -> list[Change]:
    """Read before the rows move, because afterwards they are no longer found by their state."""
    return [
        Change(
            client_id=client,
            instance_id=instance,
            topic=feed.Topic.MEDIA,
            action=feed.Action.UPDATED,
            object_id=pk,
            occurred_at=at,
        )
        for pk, instance, client in rows.values_list("pk", "instance", "instance__client")
    ]
