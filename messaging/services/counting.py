"""Messages in what each client used."""

from collections.abc import Iterable
from datetime import datetime

from accounts import usage
from messaging.models import Message


def count(new: Iterable[Message], *, now: datetime) -> None:
    """Messages whose conversation is at hand; late in the transaction, and once."""
    usage.count((_used(message) for message in new), now=now)


def take_back(message: Message, *, now: datetime) -> None:
    """One that was counted, and was another's echo."""
    usage.take_back(_used(message), now=now)


def _used(message: Message) -> usage.Used:
    inbound = message.direction == Message.Direction.INBOUND
    return usage.Used(
        instance_id=message.conversation.instance_id,
        kind=message.type,
        inbound=int(inbound),
        outbound=int(not inbound),
    )
