"""What the feed says of each change: how its object looks now."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rest_framework.serializers import DateTimeField

from accounts.feed import Action, Topic
from accounts.models import Change, WhatsappInstance
from accounts.serializers import InstanceSerializer
from media.models import MediaFile
from media.serializers import MediaFileSerializer
from messaging.models import Conversation, Message
from messaging.serializers import ConversationSerializer, MessageSerializer

Representation = dict[str, Any]
_time = DateTimeField()


def represent(changes: Sequence[Change]) -> list[Representation]:
    """Each object is read once, however often it changed; one that is gone is None."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for change in changes:
        if change.action != Action.DELETED:
            wanted[change.topic].add(change.object_id)
    found = {topic: {row["id"]: row for row in _LOOKS[Topic(topic)](ids)} for topic, ids in wanted.items()}
    return [_represent(change, found) for change in changes]


def _represent(change: Change, found: dict[str, dict[int, Representation]]) -> Representation:
    looks = found.get(change.topic, {}).get(change.object_id)
    # An administrator may have given the line to another client since.
    is_theirs = looks is not None and looks["client"] == change.client_id
    return {
        "id": str(change.pk),
        "type": change.type,
        "occurred_at": _time.to_representation(change.occurred_at),
        "client": change.client_id,
        "instance": change.instance_id,
        "object_id": change.object_id,
        "object": looks if is_theirs and change.action != Action.DELETED else None,
    }


def _messages(ids: Iterable[int]) -> Any:
    rows = MessageSerializer.with_related(Message.objects.filter(pk__in=ids).order_by())
    return MessageSerializer(rows, many=True).data


def _conversations(ids: Iterable[int]) -> Any:
    rows = ConversationSerializer.with_related(Conversation.objects.filter(pk__in=ids).order_by())
    return ConversationSerializer(rows, many=True).data


def _media(ids: Iterable[int]) -> Any:
    rows = MediaFileSerializer.with_related(MediaFile.objects.filter(pk__in=ids).order_by())
    return MediaFileSerializer(rows, many=True).data


def _instances(ids: Iterable[int]) -> Any:
    return InstanceSerializer(WhatsappInstance.objects.filter(pk__in=ids).sealed().order_by(), many=True).data


_LOOKS: dict[Change.Topic, Callable[[Iterable[int]], Any]] = {
    Topic.MESSAGE: _messages,
    Topic.CONVERSATION: _conversations,
    Topic.MEDIA: _media,
    Topic.INSTANCE: _instances,
}
