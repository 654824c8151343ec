"""What may be sent, what waits to be sent, and what became of it."""

from messaging.abilities import Window, abilities_of, window_of
from messaging.services.sending.acting import delete, edit, mark_read, react
from messaging.services.sending.drafting import Draft, NotSendable, Template
from messaging.services.sending.opening import FirstMessage, open_conversation, write_first
from messaging.services.sending.queueing import known_or_sendable, send
from messaging.services.sending.settling import cancel, send_again, settle

__all__ = [
    "Draft",
    "FirstMessage",
    "NotSendable",
    "Template",
    "Window",
    "abilities_of",
    "cancel",
    "delete",
    "edit",
    "known_or_sendable",
    "mark_read",
    "open_conversation",
    "react",
    "send",
    "send_again",
    "settle",
    "window_of",
    "write_first",
]
