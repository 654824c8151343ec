"""The Cloud API's webhook bodies become our events: whole batches, over every entry, change and item."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.providers.cloud.complaints import complaints
from accounts.providers.cloud.identity import Directory, directory_of
from accounts.providers.cloud.messages import message_events, user_id_change
from accounts.providers.cloud.statuses import status_event
from accounts.providers.errors import UnknownPayload, WebhookNotAuthentic
from accounts.providers.events import Event, Ignored, LineTrouble
from accounts.providers.wire import Fields, label, load_object

SIGNATURE_HEADER = "x-hub-signature-256"
OBJECT = "whatsapp_business_account"
TYPED_ON_THE_PHONE = "smb_message_echoes"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    line_id: str
    field: str
    value: Fields
    directory: Directory
    entry_time: datetime | None


def verify(body: bytes, headers: Mapping[str, str], *, app_secret: str) -> None:
    given = next((value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER), "")
    digest = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    if not app_secret or not _same(given, f"sha256={digest}"):
        raise WebhookNotAuthentic("the signature is missing or wrong")
    load_object(body)


def answer_challenge(query: Mapping[str, str], *, verify_token: str) -> str:
    asked = query.get("hub.mode") == "subscribe" and bool(query.get("hub.challenge"))
    if not asked or not verify_token or not _same(query.get("hub.verify_token", ""), verify_token):
        raise WebhookNotAuthentic("the verify token is missing or wrong")
    return query["hub.challenge"]


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


def line_of(body: bytes) -> str:
    """The first line that the body names; a body may name several."""
    changes = _changes(Fields(load_object(body)))
    return next((change.line_id for change in changes if change.line_id), "")


def parse(body: bytes) -> list[Event]:
    root = Fields(load_object(body))
    if root.word("object") != OBJECT or not isinstance(root.get("entry"), list):
        raise UnknownPayload("not a body of the Cloud API")
    events = [event for change in _changes(root) for event in _events_of(change)]
    return events or [Ignored(line_id="", reason="a body without changes")]


def _changes(root: Fields) -> Iterator[Change]:
    for entry in root.each("entry"):
        for change in entry.each("changes"):
            value = change.inside("value")
            yield Change(
                line_id=value.inside("metadata").word("phone_number_id"),
                field=change.word("field") or "messages",
                value=value,
                directory=directory_of(value),
                entry_time=entry.moment("time"),
            )


def _events_of(change: Change) -> list[Event]:
    reader = FIELDS.get(change.field)
    if not reader:
        return [Ignored(line_id=change.line_id, reason=f"field {label(change.field)}")]
    if not change.line_id:
        return [Ignored(line_id="", reason=f"field {label(change.field)} names no line")]
    nothing = Ignored(line_id=change.line_id, reason=f"field {label(change.field)} without content")
    return [*reader(change), *_troubles(change)] or [nothing]


def _messages(change: Change) -> Iterator[Event]:
    for message in change.value.each("messages"):
        yield from message_events(change.line_id, message, change.directory, from_me=False)
    for status in change.value.each("statuses"):
        yield status_event(change.line_id, status, change.directory)


def _echoes(change: Change) -> Iterator[Event]:
    from_api = False if change.field == TYPED_ON_THE_PHONE else None
    for message in change.value.each("message_echoes"):
        yield from message_events(change.line_id, message, change.directory, from_me=True, from_api=from_api)


def _user_ids(change: Change) -> Iterator[Event]:
    updates = list(change.value.each("user_id_update")) or [change.value.inside("user_id_update")]
    for update in updates:
        yield user_id_change(change.line_id, update or change.value, change.directory)


def _troubles(change: Change) -> list[Event]:
    return [
        LineTrouble(
            line_id=change.line_id,
            code=complaint["code"],
            reason=complaint["reason"],
            occurred_at=change.entry_time,
        )
        for complaint in complaints(change.value)
    ]


FIELDS: dict[str, Callable[[Change], Iterator[Event]]] = {
    "messages": _messages,
    TYPED_ON_THE_PHONE: _echoes,
    "message_echoes": _echoes,
    "user_id_update": _user_ids,
}
