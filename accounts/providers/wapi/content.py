"""The content of a W-API message: wrappers opened, type found, read.

The order of keys says nothing about the type (``messageContextInfo`` often comes first), so the tables decide.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from accounts.providers.events import MediaKind, MessageType
from accounts.providers.wapi import parts
from accounts.providers.wapi.media import descriptor
from accounts.providers.wapi.parts import Content
from accounts.providers.wire import MAX_DEPTH, Fields, label, present

CONTEXT_INFO = "messageContextInfo"
STUB = "messageStubType"
REACTION = "reactionMessage"
PROTOCOL = "protocolMessage"

WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
    "groupMentionedMessage",
    "lottieStickerMessage",
    "associatedChildMessage",
    "botInvokeMessage",
    "deviceSentMessage",
)
MEDIA_KINDS = {
    "imageMessage": MediaKind.IMAGE,
    "videoMessage": MediaKind.VIDEO,
    "ptvMessage": MediaKind.VIDEO,
    "audioMessage": MediaKind.AUDIO,
    "documentMessage": MediaKind.DOCUMENT,
    "stickerMessage": MediaKind.STICKER,
}
READERS: dict[str, Callable[[Fields], Content]] = {
    "extendedTextMessage": parts.extended_text,
    "locationMessage": parts.location,
    "liveLocationMessage": parts.live_location,
    "contactMessage": parts.contact,
    "contactsArrayMessage": parts.contacts,
    "pollCreationMessage": parts.poll,
    **{f"pollCreationMessageV{version}": parts.poll for version in range(2, 7)},
    "templateButtonReplyMessage": parts.template_button_reply,
    "buttonsResponseMessage": parts.buttons_response,
    "listResponseMessage": parts.list_response,
    "interactiveResponseMessage": parts.interactive_response,
    "templateMessage": parts.template,
    "buttonsMessage": parts.buttons,
    "listMessage": parts.choice_list,
    "interactiveMessage": parts.interactive,
}
DROPPED = {
    "pollUpdateMessage": "a poll vote, which only the phones can read",
    "encReactionMessage": "a reaction that only the phones can read",
    "pinInChatMessage": "a pin",
    "keepInChatMessage": "a message kept in the chat",
    "albumMessage": "the announcement of an album, whose pictures come by themselves",
    "senderKeyDistributionMessage": "a group's key exchange",
    "fastRatchetKeySenderKeyDistributionMessage": "a group's key exchange",
}
UNSUPPORTED = ("callLogMesssage", "eventMessage", "groupInviteMessage", "orderMessage", "productMessage")
CONTENT_NAMES = (
    "conversation",
    *MEDIA_KINDS,
    *READERS,
    *WRAPPERS,
    REACTION,
    PROTOCOL,
    *DROPPED,
    *UNSUPPORTED,
    STUB,
    CONTEXT_INFO,
)
# WhatsApp sends such a picture or video twice, small and large; the second names the first as its parent.
SECOND_COPIES = frozenset({"HD_VIDEO_DUAL_UPLOAD", "HD_IMAGE_DUAL_UPLOAD", "5", "10"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A content out of its wrappers, and what the wrappers said."""

    fields: Fields
    view_once: bool
    second_copy: bool


def open_content(content: Fields) -> Opened:
    view_once = second_copy = False
    for _ in range(MAX_DEPTH):
        second_copy = second_copy or _is_second_copy(content)
        wrapper = next((name for name in WRAPPERS if content.inside(name)), "")
        if not wrapper:
            break
        view_once = view_once or wrapper.startswith("viewOnce")
        inner = content.inside(wrapper)
        content = inner.inside("message") if "message" in inner else inner
    return Opened(fields=content, view_once=view_once, second_copy=second_copy)


def _is_second_copy(content: Fields) -> bool:
    association = content.inside(CONTEXT_INFO, "messageAssociation")
    return association.word("associationType").upper() in SECOND_COPIES


def read_content(opened: Opened) -> Content | None:
    """None when there is nothing to show."""
    fields = opened.fields
    if text := fields.text("conversation"):
        return Content(type=MessageType.TEXT, text=text)
    for name in MEDIA_KINDS:
        if name in fields:
            return _file(name, fields.inside(name), view_once=opened.view_once)
    for name, reader in READERS.items():
        if name in fields:
            return _structured(name, reader, fields.inside(name))
    return _unsupported(fields)


def why_nothing(fields: Fields) -> str:
    dropped = next((reason for name, reason in DROPPED.items() if name in fields), "")
    if dropped:
        return dropped
    if STUB in fields:
        return f"stub {label(fields.word(STUB))}"
    return "a message without content"


def _file(name: str, part: Fields, *, view_once: bool) -> Content:
    kind = MEDIA_KINDS[name]
    if kind is MediaKind.AUDIO and part.flag("ptt"):
        kind = MediaKind.VOICE
    once = view_once or part.flag("viewOnce")
    return Content(
        type=MessageType(kind.value),
        text=part.text("caption"),
        payload=present(
            view_once=once or None,
            gif=part.flag("gifPlayback") or None,
            round=name == "ptvMessage" or None,
        ),
        media=descriptor(kind, part, view_once=once),
        context=part.inside("contextInfo"),
    )


def _structured(name: str, reader: Callable[[Fields], Content], part: Fields) -> Content:
    content = reader(part)
    if content.type is MessageType.UNSUPPORTED:
        content = replace(content, payload={"wire_type": name})
    content = replace(content, context=part.inside("contextInfo"))
    attached = _attached(part)
    if not attached or not attached.media:
        return content
    # A header's picture is a file like any other, and a message with a file is of the file's type.
    return replace(content, type=attached.type, media=attached.media)


def _attached(part: Fields) -> Content | None:
    holders = (
        part,
        part.inside("header"),
        *(part.inside(name) for name in part.names() if "emplate" in name),
    )
    for holder in holders:
        for name in MEDIA_KINDS:
            if holder.inside(name):
                return _file(name, holder.inside(name), view_once=False)
    return None


def _unsupported(fields: Fields) -> Content | None:
    known = {name.lower() for name in (CONTEXT_INFO, *DROPPED)}
    names = [name for name in fields.names() if name.lower() not in known and fields.inside(name)]
    if not names:
        return None
    context = fields.inside(names[0], "contextInfo")
    return Content(type=MessageType.UNSUPPORTED, payload={"wire_type": label(names[0])}, context=context)
