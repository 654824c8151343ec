"""Server-Sent Events, as https://html.spec.whatwg.org/multipage/server-sent-events.html has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.renderers import JSONRenderer

from accounts.models import Change
from messaging.services.representing import represent

_json = JSONRenderer()


@dataclass(frozen=True, slots=True)
class Told:
    """A change and the bytes that tell it, made once for however many listen."""

    change: Change
    frame: bytes


def tell(changes: Sequence[Change]) -> list[Told]:
    shown = zip(changes, represent(changes), strict=True)
    return [Told(change, event(looks["type"], change.pk, looks)) for change, looks in shown]


def event(name: str, cursor: int, data: dict[str, Any]) -> bytes:
    # JSON has its line breaks escaped, so the data is one line.
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (cursor, name.encode(), _json.render(data))


def hello(cursor: int) -> bytes:
    return event("hello", cursor, {"cursor": str(cursor)})


def reset(cursor: int) -> bytes:
    """Something was missed for good: lists have to be read anew, and the stream goes on from here."""
    return event("reset", cursor, {"cursor": str(cursor)})


def retry(milliseconds: int) -> bytes:
    return b"retry: %d\n\n" % milliseconds


def heartbeat(cursor: int) -> bytes:
    """Without data it is no event, and yet the browser comes back with this id."""
    return b": still here\nid: %d\n\n" % cursor
