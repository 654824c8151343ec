"""Received and delivered W-API bodies, as events."""

from typing import Any

from accounts.providers.events import (
    Chat,
    Event,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    ReactionChanged,
)
from accounts.providers.wapi.content import (
    PROTOCOL,
    REACTION,
    Opened,
    open_content,
    read_content,
    why_nothing,
)
from accounts.providers.wapi.envelope import Envelope
from accounts.providers.wapi.identity import author_of, chat_address, chat_of, is_story
from accounts.providers.wapi.parts import Content
from accounts.providers.wire import Fields, label, present

QUOTE_LENGTH = 200
REVOKE = frozenset({"REVOKE", "0"})
EDIT = frozenset({"MESSAGE_EDIT", "14"})


def message_event(envelope: Envelope) -> Event:
    if is_story(envelope.people):
        whose = "our own story" if envelope.from_me else "a contact's story"
        return ignored(envelope, whose)
    chat = chat_of(envelope.people)
    if not chat:
        return ignored(envelope, "a message that names no chat")
    opened = open_content(envelope.content)
    if opened.second_copy:
        return ignored(envelope, "the second copy of an HD upload")
    if REACTION in opened.fields or PROTOCOL in opened.fields:
        return _change(envelope, chat, opened.fields)
    return _message(envelope, chat, opened)


def ignored(envelope: Envelope, reason: str) -> Ignored:
    return Ignored(line_id=envelope.line_id, reason=reason)


def _message(envelope: Envelope, chat: Chat, opened: Opened) -> Event:
    content = read_content(opened)
    if not content:
        return ignored(envelope, why_nothing(opened.fields))
    if not envelope.message_id:
        return ignored(envelope, "a message without an id")
    return MessageReceived(
        line_id=envelope.line_id,
        chat=chat,
        message_id=envelope.message_id,
        from_me=envelope.from_me,
        from_api=envelope.from_api,
        type=content.type,
        sender=author_of(envelope.people, chat),
        text=content.text,
        payload=content.payload | _context_payload(content.context, envelope.people.lids),
        reply_to_id=content.context.id("stanzaId"),
        sent_at=envelope.moment,
        media=content.media,
    )


def _context_payload(context: Fields, lids: frozenset[str]) -> dict[str, Any]:
    forwarded = context.flag("isForwarded") or bool(context.count("forwardingScore"))
    mentions = [chat_address(word, lids) for word in context.ids("mentionedJid")]
    advertisement = context.inside("externalAdReply")
    return present(
        forwarded=forwarded or None,
        mentions=[mention for mention in mentions if mention],
        quoted=_quoted_text(context.inside("quotedMessage")),
        referral=present(
            title=advertisement.text("title"),
            body=advertisement.text("body"),
            source_url=advertisement.text("sourceUrl"),
        ),
    )


def _quoted_text(quoted: Fields) -> str:
    content = read_content(open_content(quoted))
    return content.text[:QUOTE_LENGTH] if content else ""


def _change(envelope: Envelope, chat: Chat, fields: Fields) -> Event:
    if not envelope.from_me and not author_of(envelope.people, chat):
        # Without an author a change would count as ours.
        return ignored(envelope, "a change by somebody whom the body does not name")
    if REACTION in fields:
        return _reaction(envelope, chat, fields.inside(REACTION))
    return _protocol(envelope, chat, fields.inside(PROTOCOL))


def _reaction(envelope: Envelope, chat: Chat, part: Fields) -> Event:
    target = part.inside("key").id("id")
    if not target:
        return ignored(envelope, "a reaction that names no message")
    return ReactionChanged(
        line_id=envelope.line_id,
        message_id=target,
        chat=chat,
        sender=author_of(envelope.people, chat),
        emoji=part.text("text"),
        occurred_at=envelope.moment or part.moment("senderTimestampMs"),
    )


def _protocol(envelope: Envelope, chat: Chat, part: Fields) -> Event:
    kind, target = part.word("type"), part.inside("key").id("id")
    if not target or kind not in REVOKE | EDIT:
        return ignored(envelope, f"protocol message {label(kind) or 'without a type'}")
    sender, occurred_at = author_of(envelope.people, chat), envelope.moment or part.moment("timestampMs")
    if kind in REVOKE:
        return MessageRevoked(
            line_id=envelope.line_id, message_id=target, chat=chat, sender=sender, occurred_at=occurred_at
        )
    edited = _edited(part)
    if not edited:
        return ignored(envelope, "an edit that brings no text")
    return MessageEdited(
        line_id=envelope.line_id,
        message_id=target,
        chat=chat,
        sender=sender,
        text=edited.text,
        occurred_at=occurred_at,
    )


def _edited(part: Fields) -> Content | None:
    edited = part.inside("editedMessage")
    return read_content(open_content(edited.inside("message") or edited))
