"""What a provider tells us, in our own words.

Parsers turn webhook bodies into these values; nothing above the ground floor reads a provider's spelling.
Every event names its line: W-API's ``instanceId`` or the Cloud API's ``phone_number_id``.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class MediaKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    DOCUMENT = "document"
    STICKER = "sticker"


class MessageType(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    POLL = "poll"
    INTERACTIVE = "interactive"
    ORDER = "order"
    TEMPLATE = "template"
    SYSTEM = "system"
    UNSUPPORTED = "unsupported"


class MessageStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"


class ChatKind(StrEnum):
    DIRECT = "direct"
    GROUP = "group"
    CHANNEL = "channel"


class AliasKind(StrEnum):
    PHONE = "phone"
    LID = "lid"
    BSUID = "bsuid"
    USERNAME = "username"


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """One person as one webhook names them; any of the fields may be empty.

    ``phone`` is digits with the country code, ``lid`` is ``<digits>@lid``, ``username`` has no leading ``@``.
    ``bsuids`` holds the Cloud API's business-scoped ids, the parent's last.
    """

    phone: str = ""
    lid: str = ""
    bsuids: tuple[str, ...] = ()
    username: str = ""
    name: str = ""

    @property
    def aliases(self) -> tuple[tuple[AliasKind, str], ...]:
        """Strongest first: what survives a change of number comes before what does not."""
        found = [
            (AliasKind.PHONE, self.phone),
            (AliasKind.LID, self.lid),
            *((AliasKind.BSUID, value) for value in self.bsuids),
            (AliasKind.USERNAME, self.username),
        ]
        return tuple((kind, value) for kind, value in found if value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """Where a message belongs. ``contact`` is the other side of a direct chat, None for groups and channels."""

    id: str
    kind: ChatKind
    contact: Party | None = None
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaDescriptor:
    """What a message says about its file. Nothing here is verified.

    Keys and sums are raw bytes, ``size`` is bytes, ``duration`` seconds, ``expires_at`` the source's own deadline.
    ``unavailable`` says why no file will ever come (view-once without key, over the provider's limit).
    """

    kind: MediaKind
    mimetype: str = ""
    filename: str = ""
    size: int | None = None
    media_key: bytes = field(default=b"", repr=False)
    direct_path: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    media_id: str = ""
    sha256: bytes = b""
    enc_sha256: bytes = b""
    thumbnail: bytes = field(default=b"", repr=False)
    waveform: bytes = field(default=b"", repr=False)
    duration: int | None = None
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    animated: bool = False
    expires_at: datetime | None = None
    unavailable: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    line_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageReceived(Event):
    """A message in either direction. ``sender`` is None when it is ours; ``sent_at`` is the provider's clock.

    ``from_api`` tells an echo of what we sent from what somebody typed on the phone; None when nobody says.
    """

    chat: Chat
    message_id: str
    from_me: bool
    type: MessageType
    from_api: bool | None = None
    sender: Party | None = None
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    reply_to_id: str = ""
    sent_at: datetime | None = None
    media: MediaDescriptor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageChange(Event):
    """Something that happened to the message ``message_id``, which may not have come yet.

    ``chat`` is where the provider says it happened; a change never reaches into another chat. ``sender`` None is us.
    """

    message_id: str
    chat: Chat | None = None
    sender: Party | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusChanged(MessageChange):
    """``participant`` names the member for whom it holds, in groups; ``tag`` is what we sent along."""

    status: MessageStatus
    participant: str = ""
    error: str = ""
    tag: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReactionChanged(MessageChange):
    """An empty ``emoji`` takes the reaction back."""

    emoji: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageEdited(MessageChange):
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageRevoked(MessageChange):
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionChanged(Event):
    connected: bool
    phone: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityChanged(Event):
    """One person under two names: ``before`` and ``after`` share a contact from now on."""

    before: Party
    after: Party
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LineTrouble(Event):
    """The provider complains about the line itself, not about one message."""

    code: str
    reason: str
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignored(Event):
    """Understood, and nothing to keep. ``reason`` goes to the webhook event's log."""

    reason: str
