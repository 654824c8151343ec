"""From what a front end asks to a message that waits to be sent. What can be refused is refused before it is stored."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.providers.base import OutgoingLocation
from accounts.providers.events import MediaKind, MessageType
from media.models import MediaFile
from media.partfile import HEAD
from media.services.discarding import discard
from media.services.uploads import store_upload, type_of
from media.services.voices import as_voice
from media.sniffing import bare
from messaging.models import Conversation, Message
from messaging.serializers.requests import TYPE_OF
from messaging.services import sending
from messaging.services.conversing import DoesNotFit
from messaging.services.sending import Draft, NotSendable, Template

PIECE = 1 << 20
# What WhatsApp's apps show or play; anything else goes as a document, unless the caller says otherwise.
USUAL = {
    MediaKind.IMAGE: ("image/jpeg", "image/png"),
    MediaKind.VIDEO: ("video/mp4", "video/3gpp"),
    MediaKind.AUDIO: ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
}


def post(
    conversation: Conversation, asked: Mapping[str, Any], *, by: User | None, key: str = "", now: datetime
) -> tuple[Message, bool]:
    """``asked`` names rows by their ids; True if the key was known."""
    media_file = _media_file(conversation, asked.get("media_file"))
    draft = Draft(
        type=MessageType(asked.get("type") or _type(asked, media_file)),
        text=asked.get("text") or "",
        reply_to=_reply_to(conversation, asked),
        media=media_file,
        location=OutgoingLocation(**asked["location"]) if asked.get("location") else None,
        contact=(asked["contact"]["name"], asked["contact"]["phone"]) if asked.get("contact") else None,
        template=Template(**asked["template"]) if asked.get("template") else None,
    )
    return sending.send(conversation, draft, by=by, key=key, now=now)


def post_file(
    conversation: Conversation, asked: Mapping[str, Any], *, by: User | None, key: str = "", now: datetime
) -> tuple[Message, bool]:
    """Looks at the upload first: what is refused, or was sent before under this key, is never stored."""
    upload: UploadedFile[Any] = _prepared(asked["file"], asked.get("type"))
    looked_at = _look_at(conversation, upload, asked.get("type"))
    facts: dict[str, Any] = {
        "type": MessageType(looked_at.kind),
        "text": asked.get("text") or "",
        "reply_to": _reply_to(conversation, asked),
    }
    known = sending.known_or_sendable(conversation, Draft(media=looked_at, **facts), key=key, now=now)
    if known:
        return known, True
    stored = store_upload(
        instance=conversation.instance,
        chat_id=conversation.chat_id,
        kind=MediaKind(looked_at.kind),
        content=upload,
        filename=upload.name or "",
        mimetype=upload.content_type or "",
        now=now,
    )
    kept = False
    try:
        message, was_known = sending.send(conversation, Draft(media=stored, **facts), by=by, key=key, now=now)
        kept = not was_known
    finally:
        if not kept:
            discard([stored], now=now)
    return message, was_known


def _type(asked: Mapping[str, Any], media_file: MediaFile | None) -> str:
    if media_file:
        return media_file.kind
    return next((kind for name, kind in TYPE_OF.items() if asked.get(name)), MessageType.TEXT)


def _reply_to(conversation: Conversation, asked: Mapping[str, Any]) -> Message | None:
    pk = asked.get("reply_to")
    if pk is None:
        return None
    quoted: Message | None = conversation.messages.filter(pk=pk).first()
    if quoted is None:
        raise NotSendable("reply_unknown", _("The quoted message is not of this conversation."), "reply_to")
    return quoted


def _media_file(conversation: Conversation, pk: int | None) -> MediaFile | None:
    if pk is None:
        return None
    mine = MediaFile.objects.filter(instance__client=conversation.instance.client_id)
    found: MediaFile | None = mine.select_related("instance").filter(pk=pk).first()
    if found is None:
        raise DoesNotFit("media_file", _("The client has no such file."))
    return found


def _prepared(upload: "UploadedFile[Any]", kind: str | None) -> Any:
    """A recording becomes what WhatsApp takes; the same one becomes the same bytes, so its key is known again."""
    return as_voice(upload, upload.content_type or "") if kind == MediaKind.VOICE else upload


def _look_at(conversation: Conversation, upload: "UploadedFile[Any]", kind: str | None) -> MediaFile:
    """The row that storing it would make."""
    head = upload.read(HEAD)
    total = hashlib.sha256(head)
    for piece in iter(lambda: upload.read(PIECE), b""):
        total.update(piece)
    upload.seek(0)
    declared = upload.content_type or ""
    chosen = MediaKind(kind) if kind else _kind_of(conversation, head, declared)
    return MediaFile(
        instance=conversation.instance,
        kind=chosen,
        state=MediaFile.State.READY,
        size=upload.size,
        sha256=total.hexdigest(),
        mimetype=type_of(head, chosen, declared),
    )


def _kind_of(conversation: Conversation, head: bytes, declared: str) -> MediaKind:
    found = bare(type_of(head, MediaKind.DOCUMENT, declared))
    limits = sending.abilities_of(conversation.instance).media
    for kind, usual in USUAL.items():
        limit = limits.get(kind)
        if limit and found in (limit.mimetypes or usual):
            return kind
    return MediaKind.DOCUMENT
