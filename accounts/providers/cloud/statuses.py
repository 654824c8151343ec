"""One entry of ``statuses``, as an event."""

from accounts.providers.cloud.complaints import complaints, sentence
from accounts.providers.cloud.identity import Directory, completed, digits, direct_chat, group_chat, known
from accounts.providers.events import Chat, Event, Ignored, MessageStatus, StatusChanged
from accounts.providers.wire import Fields, label

STATUSES = {
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.READ,
    "played": MessageStatus.PLAYED,
    "failed": MessageStatus.FAILED,
}


def status_event(line_id: str, fields: Fields, directory: Directory) -> Event:
    message_id, word = fields.id("id"), fields.word("status")
    if not message_id:
        return Ignored(line_id=line_id, reason="a status that names no message")
    if word not in STATUSES:
        return Ignored(line_id=line_id, reason=f"status {label(word) or 'without a word'}")
    return StatusChanged(
        line_id=line_id,
        message_id=message_id,
        chat=_chat(fields, directory),
        status=STATUSES[word],
        occurred_at=fields.moment("timestamp"),
        participant=fields.id("recipient_participant_id", "recipient_participant_user_id"),
        error="; ".join(map(sentence, complaints(fields))),
        tag=fields.text("biz_opaque_callback_data"),
    )


def _chat(fields: Fields, directory: Directory) -> Chat | None:
    recipient = fields.id("recipient_id")
    if fields.word("recipient_type") == "group":
        return group_chat(recipient) if recipient else None
    parent = fields.id("recipient_parent_user_id", "parent_recipient_user_id")
    bsuids = known(fields.id("recipient_user_id"), parent)
    return direct_chat(completed(digits(recipient), bsuids, directory))
