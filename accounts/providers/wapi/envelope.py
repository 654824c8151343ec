"""What stands around the content of a W-API body, wherever its serialiser put it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from accounts.providers.wapi.content import CONTENT_NAMES
from accounts.providers.wapi.identity import People
from accounts.providers.wire import Fields, read_flag

DELIVERY = "webhookDelivery"


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    line_id: str
    event: str
    message_id: str
    from_api: bool | None
    moment: datetime | None
    people: People
    body: Fields
    content: Fields

    @property
    def from_me(self) -> bool:
        return self.people.from_me


def line_id_of(body: Fields) -> str:
    return body.word("instanceId")


def read_envelope(body: Fields) -> Envelope:
    frames = _frames(body)
    event = body.word("event")
    return Envelope(
        line_id=line_id_of(body),
        event=event,
        message_id=_id(frames, "messageId") or _id(_keys(frames), "id"),
        from_api=_from_api(frames),
        moment=next(filter(None, (f.moment("moment", "messageTimestamp") for f in frames)), None),
        people=_people(frames, from_me=_from_me(frames, event)),
        body=body,
        content=_content(body, frames),
    )


def _frames(body: Fields) -> list[Fields]:
    data = body.inside("data")
    first = next(data.each("messages"), Fields())
    return [frame for frame in (body, data, body.inside("payload"), first) if frame]


def _keys(frames: Iterable[Fields]) -> list[Fields]:
    return [frame.inside("key") for frame in frames]


def _id(frames: Iterable[Fields], *names: str) -> str:
    return next(filter(None, (frame.id(*names) for frame in frames)), "")


def _first(frames: Iterable[Fields], name: str) -> Any:
    return next((frame.get(name) for frame in frames if name in frame), None)


def _from_me(frames: list[Fields], event: str) -> bool:
    """A delivery echoes what left this line, so it is ours even where the flag is missing or wrong."""
    return event == DELIVERY or read_flag(_first([*frames, *_keys(frames)], "fromMe"))


def _from_api(frames: list[Fields]) -> bool | None:
    stated = _first([*frames, *_keys(frames)], "fromApi")
    return None if stated is None else read_flag(stated)


def _people(frames: list[Fields], *, from_me: bool) -> People:
    chat = next(filter(None, (frame.inside("chat") for frame in frames)), Fields())
    sender = next(filter(None, (frame.inside("sender") for frame in frames)), Fields())
    keys = _keys(frames)
    return People(
        chat_id=chat.id("id") or _id(frames, "chat", "chatId") or _id(keys, "remoteJid"),
        chat_title=chat.text("name", "subject")
        or next(filter(None, (frame.text("groupName") for frame in frames)), ""),
        sender_id=sender.id("id") or _id(frames, "sender") or _id(keys, "participant"),
        sender_lid=sender.id("senderLid", "lid"),
        sender_name=sender.text("pushName", "verifiedBizName"),
        own_phone=_id(frames, "connectedPhone"),
        own_lid=_id(frames, "connectedLid"),
        is_group=read_flag(_first(frames, "isGroup")),
        from_me=from_me,
    )


def _content(body: Fields, frames: list[Fields]) -> Fields:
    stated = body.inside("msgContent")
    places = chain(
        [stated],
        map(_content_beside, frames),
        (frame.inside("message") for frame in frames),
        (frame.inside("msgContent") for frame in frames[1:]),
    )
    return next((place for place in places if any(name in place for name in CONTENT_NAMES)), stated)


def _content_beside(frame: Fields) -> Fields:
    """Content that a serialiser left among the envelope's own fields."""
    return Fields({name: frame.get(name) for name in CONTENT_NAMES if name in frame})
