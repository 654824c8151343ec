"""Messages and conversations in the feed of changes, where their instance is at hand."""

from datetime import datetime

from accounts import feed
from accounts.feed import Action, Topic
from accounts.models import Change
from messaging.models import Conversation, Message


def tell_message(message: Message, now: datetime, action: Change.Action = Action.UPDATED) -> None:
    feed.tell([feed.change(message.conversation.instance, Topic.MESSAGE, message.pk, action, at=now)])


def tell_conversation(
    conversation: Conversation, now: datetime, action: Change.Action = Action.UPDATED
) -> None:
    feed.tell([feed.change(conversation.instance, Topic.CONVERSATION, conversation.pk, action, at=now)])
