"""One request to a provider, made ready by the worker's thread and asked by one of the crew's."""

import time
import traceback
from dataclasses import dataclass

import structlog

from accounts.providers.base import OutgoingLocation, OutgoingMedia, Provider
from accounts.providers.errors import ProviderError
from accounts.providers.events import MediaKind, MessageType
from accounts.providers.reasons import one_line
from media.models import MediaFile
from messaging.models import Message, OutboxItem

Action = OutboxItem.Action


@dataclass(frozen=True, slots=True)
class Errand:
    """The item comes with its message, conversation and file, for no thread of the crew reads from the database."""

    item: OutboxItem
    provider: Provider


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """``trouble`` is our storage's, and nothing left; ``bug`` is a traceback, and nobody knows what left."""

    errand: Errand
    provider_id: str = ""
    error: ProviderError | None = None
    trouble: str = ""
    bug: str = ""
    duration: float = 0


class FileNotHere(Exception):
    pass


def run(errand: Errand) -> Answer:
    item = errand.item
    facts = {"instance": item.instance_id, "message": item.message_id, "attempt": item.attempts}
    with structlog.contextvars.bound_contextvars(outbox_item=item.pk, **facts):
        return _run(errand)


def _run(errand: Errand) -> Answer:
    began = time.monotonic()
    try:
        found = Answer(
            errand=errand,
            provider_id=ask(errand.item, errand.provider) or "",
            duration=time.monotonic() - began,
        )
    except ProviderError as exc:
        found = Answer(errand=errand, error=exc, duration=time.monotonic() - began)
    except FileNotHere as exc:
        found = Answer(errand=errand, trouble=str(exc))
    except Exception as exc:  # noqa: BLE001 - the one boundary: a bug in one send must not stop the worker
        found = Answer(errand=errand, bug=_traced(exc), duration=time.monotonic() - began)
    return found


def _traced(exc: Exception) -> str:
    """Without the exception's own words, which may quote what somebody wrote."""
    return "".join([*traceback.format_tb(exc.__traceback__), type(exc).__name__])


def ask(item: OutboxItem, provider: Provider) -> str | None:
    message, chat = item.message, item.conversation.chat_id
    target = str(message.provider_message_id or "")
    if item.action == Action.MESSAGE:
        return _send(message, chat, str(item.tag), provider)
    if item.action == Action.REACTION:
        provider.send_reaction(chat, target, item.content["emoji"])
    elif item.action == Action.EDIT:
        provider.edit_text(chat, target, item.content["text"])
    elif item.action == Action.DELETE:
        provider.delete_message(chat, target)
    else:
        provider.mark_read(chat, target)
    return None


def _send(message: Message, chat: str, tag: str, provider: Provider) -> str:
    payload, quoted = message.payload, message.reply_to_id
    if message.media:
        return _send_file(message, message.media, provider, chat, tag)
    if message.removal:
        # Its caption alone would be another message.
        raise FileNotHere("our storage: the file was removed by retention")
    if message.type == MessageType.LOCATION:
        return provider.send_location(chat, OutgoingLocation(**payload), reply_to=quoted, tag=tag)
    if message.type == MessageType.CONTACTS:
        card = payload["contacts"][0]
        phone = card["phones"][0]["wa_id"]
        return provider.send_contact(chat, name=card["name"], phone=phone, reply_to=quoted, tag=tag)
    if message.type == MessageType.TEMPLATE:
        return provider.send_template(chat, tag=tag, **payload)
    return provider.send_text(chat, message.text, reply_to=quoted, tag=tag)


def _send_file(message: Message, media_file: MediaFile, provider: Provider, chat: str, tag: str) -> str:
    outgoing = OutgoingMedia(
        kind=MediaKind(message.type),
        mimetype=media_file.mimetype,
        filename=media_file.filename,
        caption=message.text,
        content=_content(media_file),
    )
    return provider.send_media(chat, outgoing, reply_to=message.reply_to_id, tag=tag)


def _content(media_file: MediaFile) -> bytes:
    try:
        with media_file.file.open("rb") as file:
            content: bytes = file.read()
    except Exception as exc:  # noqa: BLE001 - every storage has its own errors, and all are our trouble
        # Masked: a remote storage's own text may quote a signed address.
        raise FileNotHere(one_line(f"our storage: {type(exc).__name__}: {exc}")) from exc
    return content
