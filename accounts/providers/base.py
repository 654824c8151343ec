"""What every provider can be asked. One folder per provider implements it; the registry stands in ``__init__``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from accounts.providers.events import Event, MediaDescriptor, MediaKind, Party
from accounts.providers.http import Door


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Credentials:
    """Secrets of one instance; never in a repr, never in a log."""

    instance_id: str
    token: str = ""
    app_secret: str = ""
    verify_token: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaLocation:
    """Where the provider says that the file can be had right now, or the file itself.

    ``token`` goes with the request as a bearer token; empty for public links. ``content`` is set by answers that
    carry the bytes instead of a link.
    """

    url: str = ""
    token: str = field(default="", repr=False)
    content: bytes | None = field(default=None, repr=False)
    mimetype: str = ""
    sha256: bytes = b""


@dataclass(frozen=True, kw_only=True, slots=True)
class LineState:
    """``phone`` and ``detail`` as far as the provider tells; ``detail`` is a short sentence for operators."""

    connected: bool
    phone: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class QrCode:
    """A PNG to scan, or neither PNG nor text when the line is connected already."""

    png: bytes = field(default=b"", repr=False)
    connected: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMedia:
    """A file to send: ``url`` that the provider can fetch, or ``content``."""

    kind: MediaKind
    mimetype: str
    filename: str = ""
    caption: str = ""
    url: str = ""
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingLocation:
    """In degrees."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaLimit:
    """What may be sent as one kind of media: bare mimetypes, none of them meaning any, and a size in bytes."""

    mimetypes: tuple[str, ...] = ()
    max_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What can be sent through a provider, so that whoever asks for more hears it before anything leaves.

    ``window`` is how long after the other side's last message one may answer freely; None for always. Lengths are
    in characters. At most ``burst`` messages go to one chat within ``burst_period``.
    """

    edit: bool
    delete: bool
    templates: bool
    window: timedelta | None
    text: int
    caption: int
    media: Mapping[MediaKind, MediaLimit]
    burst: int | None = None
    burst_period: timedelta = timedelta()
    webhook_logs: bool = False
    """Whether it can be asked for webhooks that it sent before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedWebhook:
    """A webhook that the provider sent, or tried to, as it would have come here."""

    body: bytes = field(repr=False)
    sent_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LogPage:
    """``more``: whether another page may follow. ``unreadable`` entries have no body that could be taken in."""

    webhooks: Sequence[LoggedWebhook]
    more: bool
    unreadable: int = 0


class Provider(Protocol):
    """Methods raise ``errors.ProviderError``; the webhook ones raise ``errors.WebhookError``."""

    name: ClassVar[str]
    media_strategies: ClassVar[tuple[str, ...]]
    """Which of ``provider`` and ``provider_alt`` this one can serve."""
    media_lifetime: ClassVar[timedelta]
    """How long a received file can be had when the message itself does not say."""
    can_pair: ClassVar[bool]
    """Whether a line is connected by QR code or pairing code."""
    abilities: ClassVar[Abilities]

    def __init__(self, credentials: Credentials, *, door: Door, base_url: str) -> None: ...

    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> None: ...

    def answer_challenge(self, query: Mapping[str, str]) -> str: ...

    @staticmethod
    def line_of(body: bytes) -> str: ...

    @staticmethod
    def parse_webhook(body: bytes) -> Sequence[Event]: ...

    def locate_media(
        self, media: MediaDescriptor, *, now: datetime, alternative: bool = False
    ) -> MediaLocation: ...

    def status(self) -> LineState: ...

    def qr_code(self) -> QrCode: ...

    def pairing_code(self, phone: str) -> str: ...

    def restart(self) -> None: ...

    def disconnect(self) -> None: ...

    def configure_webhooks(self, url: str) -> Mapping[str, str]: ...

    def read_webhooks(self) -> Mapping[str, str]: ...

    def webhook_logs(self, page: int) -> LogPage:
        """Pages count from 1; in which order of time, the provider decides."""

    def send_text(self, chat_id: str, text: str, *, reply_to: str = "", tag: str = "") -> str: ...

    def send_media(self, chat_id: str, media: OutgoingMedia, *, reply_to: str = "", tag: str = "") -> str: ...

    def send_template(
        self,
        chat_id: str,
        *,
        name: str,
        language: str,
        components: Sequence[Mapping[str, Any]],
        tag: str = "",
    ) -> str: ...

    def send_reaction(self, chat_id: str, message_id: str, emoji: str) -> None: ...

    def mark_read(self, chat_id: str, message_id: str) -> None: ...

    def send_location(
        self, chat_id: str, location: OutgoingLocation, *, reply_to: str = "", tag: str = ""
    ) -> str: ...

    def send_contact(
        self, chat_id: str, *, name: str, phone: str, reply_to: str = "", tag: str = ""
    ) -> str: ...

    def edit_text(self, chat_id: str, message_id: str, text: str) -> None: ...

    def delete_message(self, chat_id: str, message_id: str) -> None: ...

    def group_metadata(self, chat_id: str) -> str:
        """The group's subject."""

    def phone_exists(self, phone: str) -> Party | None:
        """Who answers at this phone, None when nobody there uses WhatsApp."""
