"""One request to a provider, made ready by the worker's thread and asked by one of the crew's."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from accounts.providers.base import OutgoingLocation, OutgoingMedia, Provider
from accounts.providers.errors import ProviderError
from accounts.providers.events import MediaKind, MessageType
from accounts.providers.reasons import one_line
from media.models import MediaFile
from messaging.models import Message, OutboxItem

Ask = Callable[[], str | None]
Action = OutboxItem.Action


@dataclass(frozen=True, slots=True)
class Errand:
    """``ask`` touches no database; it gives the provider's id of what it sent."""

    item: OutboxItem
    ask: Ask


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
    began = time.monotonic()
    try:
        found = Answer(errand=errand, provider_id=errand.ask() or "", duration=time.monotonic() - began)
    except ProviderError as exc:
        found = Answer(errand=errand, error=exc, duration=time.monotonic() - began)
    except FileNotHere as exc:
        found = Answer(errand=errand, trouble=str(exc))
    except Exception:  # noqa: BLE001 - the one boundary: a bug in one send must not stop the worker
        found = Answer(errand=errand, bug=traceback.format_exc(), duration=time.monotonic() - began)
    return found


def ask_of(item: OutboxItem, provider: Provider) -> Ask:
    message, chat = item.message, item.conversation.chat_id
    target = str(message.provider_message_id or "")
    if item.action == Action.REACTION:
        return partial(provider.send_reaction, chat, target, item.content.get("emoji", ""))
    if item.action == Action.EDIT:
        return partial(provider.edit_text, chat, target, item.content.get("text", ""))
    if item.action == Action.DELETE:
        return partial(provider.delete_message, chat, target)
    if item.action == Action.READ:
        return partial(provider.mark_read, chat, target)
    return _message(message, chat, str(item.tag), provider)


def _message(message: Message, chat: str, tag: str, provider: Provider) -> Ask:
    payload, along = message.payload, {"reply_to": message.reply_to_id, "tag": tag}
    if message.media:
        return partial(_send_file, message, message.media, provider, chat, **along)
    if message.type == MessageType.LOCATION:
        return partial(provider.send_location, chat, OutgoingLocation(**payload), **along)
    if message.type == MessageType.CONTACTS:
        card = payload["contacts"][0]
        return partial(
            provider.send_contact, chat, name=card["name"], phone=card["phones"][0]["wa_id"], **along
        )
    if message.type == MessageType.TEMPLATE:
        return partial(provider.send_template, chat, tag=tag, **payload)
    return partial(provider.send_text, chat, message.text, **along)


def _send_file(
    message: Message, media_file: MediaFile, provider: Provider, chat: str, *, reply_to: str, tag: str
) -> str:
    outgoing = OutgoingMedia(
        kind=MediaKind(message.type),
        mimetype=media_file.mimetype,
        filename=media_file.filename,
        caption=message.text,
        content=_content(media_file),
    )
    return provider.send_media(chat, outgoing, reply_to=reply_to, tag=tag)


def _content(media_file: MediaFile) -> bytes:
    try:
        with media_file.file.open("rb") as file:
            content: bytes = file.read()
    except Exception as exc:  # noqa: BLE001 - every storage has its own errors, and all are our trouble
        # Masked: a remote storage's own text may quote a signed address.
        raise FileNotHere(one_line(f"our storage: {type(exc).__name__}: {exc}")) from exc
    return content
