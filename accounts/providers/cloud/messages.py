"""One entry of ``messages`` or ``message_echoes``, as events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.providers.cloud.complaints import complaints
from accounts.providers.cloud.content import read_content
from accounts.providers.cloud.identity import (
    Directory,
    completed,
    digits,
    direct_chat,
    group_chat,
    known,
    person,
)
from accounts.providers.events import (
    Chat,
    Event,
    IdentityChanged,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    Party,
    ReactionChanged,
)
from accounts.providers.wire import Fields, present

NEW_IDENTITY = frozenset({"user_changed_number", "user_changed_user_id", "customer_changed_number"})
REFERRAL = (
    "source_type",
    "source_id",
    "source_url",
    "headline",
    "body",
    "media_type",
    "image_url",
    "video_url",
    "thumbnail_url",
    "ctwa_clid",
)


CHANGES = frozenset({"reaction", "edit", "revoke"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One message with all that its change says about it."""

    line_id: str
    fields: Fields
    chat: Chat
    sender: Party | None
    sent_at: datetime | None
    from_me: bool
    from_api: bool | None


def message_events(
    line_id: str, fields: Fields, directory: Directory, *, from_me: bool, from_api: bool | None = None
) -> list[Event]:
    other = person(fields, "to" if from_me else "from", directory)
    group_id = fields.id("group_id")
    chat = group_chat(group_id) if group_id else direct_chat(other)
    if not chat:
        return [Ignored(line_id=line_id, reason="a message that names nobody")]
    incoming = Incoming(
        line_id=line_id,
        fields=fields,
        chat=chat,
        sender=other if other.aliases and not from_me else None,
        sent_at=fields.moment("timestamp"),
        from_me=from_me,
        from_api=from_api,
    )
    return _events(incoming)


def _events(incoming: Incoming) -> list[Event]:
    wire_type = incoming.fields.word("type")
    if wire_type in CHANGES and not incoming.from_me and not incoming.sender:
        # Without an author a change would count as ours.
        return [_ignored(incoming, "a change by somebody whom the body does not name")]
    if wire_type == "reaction":
        return [_reaction(incoming)]
    if wire_type == "edit":
        return [_edit(incoming)]
    if wire_type == "revoke":
        return [_revoke(incoming)]
    moved = _identity_change(incoming) if wire_type == "system" else None
    return [moved, _message(incoming)] if moved else [_message(incoming)]


def _ignored(incoming: Incoming, reason: str) -> Ignored:
    return Ignored(line_id=incoming.line_id, reason=reason)


def _message(incoming: Incoming) -> Event:
    fields, message_id = incoming.fields, incoming.fields.id("id")
    if not message_id:
        return _ignored(incoming, "a message without an id")
    content = read_content(fields)
    return MessageReceived(
        line_id=incoming.line_id,
        chat=incoming.chat,
        message_id=message_id,
        from_me=incoming.from_me,
        from_api=incoming.from_api,
        type=content.type,
        sender=incoming.sender,
        text=content.text,
        payload=content.payload | _surroundings(fields),
        reply_to_id=fields.inside("context").id("id"),
        sent_at=incoming.sent_at,
        media=content.media,
    )


def _surroundings(fields: Fields) -> dict[str, Any]:
    context = fields.inside("context")
    product = context.inside("referred_product")
    referral = fields.inside("referral")
    return present(
        forwarded=context.flag("forwarded") or context.flag("frequently_forwarded") or None,
        product=present(catalog_id=product.word("catalog_id"), product=product.word("product_retailer_id")),
        referral=present(**{name: referral.text(name) for name in REFERRAL}),
        errors=complaints(fields),
    )


def _reaction(incoming: Incoming) -> Event:
    part = incoming.fields.inside("reaction")
    target = part.id("message_id")
    if not target:
        return _ignored(incoming, "a reaction that names no message")
    return ReactionChanged(
        line_id=incoming.line_id,
        message_id=target,
        chat=incoming.chat,
        sender=incoming.sender,
        occurred_at=incoming.sent_at,
        emoji=part.text("emoji"),
    )


def _target(incoming: Incoming, part: Fields) -> str:
    return part.id("original_message_id") or incoming.fields.id("original_message_id")


def _edit(incoming: Incoming) -> Event:
    part = incoming.fields.inside("edit")
    target = _target(incoming, part)
    edited = part.inside("message") or incoming.fields.inside("message")
    if not target or not edited:
        return _ignored(incoming, "an edit without its message")
    return MessageEdited(
        line_id=incoming.line_id,
        message_id=target,
        chat=incoming.chat,
        sender=incoming.sender,
        occurred_at=incoming.sent_at,
        text=read_content(edited).text,
    )


def _revoke(incoming: Incoming) -> Event:
    target = _target(incoming, incoming.fields.inside("revoke"))
    if not target:
        return _ignored(incoming, "a deletion that names no message")
    return MessageRevoked(
        line_id=incoming.line_id,
        message_id=target,
        chat=incoming.chat,
        sender=incoming.sender,
        occurred_at=incoming.sent_at,
    )


def _identity_change(incoming: Incoming) -> Event | None:
    part = incoming.fields.inside("system")
    if part.word("type") not in NEW_IDENTITY or not incoming.sender:
        return None
    after = Party(
        phone=digits(part.id("wa_id", "new_wa_id")),
        bsuids=known(part.id("user_id"), part.id("parent_user_id")),
    )
    return identity_change(incoming.line_id, incoming.sender, after, incoming.sent_at)


def identity_change(
    line_id: str, before: Party, after: Party, occurred_at: datetime | None
) -> IdentityChanged | None:
    """None unless something new is said about somebody known."""
    if not before.aliases or not set(after.aliases) - set(before.aliases):
        return None
    return IdentityChanged(line_id=line_id, before=before, after=after, occurred_at=occurred_at)


def user_id_change(line_id: str, update: Fields, directory: Directory) -> Event:
    """The field ``user_id_update``: a person's scoped ids were replaced, the phone (when told) was not."""
    ids, parents = update.inside("user_id"), update.inside("parent_user_id")
    phone = digits(update.id("wa_id"))
    before = known(
        ids.id("previous") or update.id("previous_user_id"),
        parents.id("previous") or update.id("previous_parent_user_id"),
    )
    after = known(
        ids.id("current") or update.id("current_user_id", "user_id"),
        parents.id("current") or update.id("current_parent_user_id"),
    )
    change = identity_change(
        line_id,
        Party(phone=phone, bsuids=before),
        completed(phone, after, directory),
        update.moment("timestamp"),
    )
    return change or Ignored(line_id=line_id, reason="an update of ids that tells nothing new")
