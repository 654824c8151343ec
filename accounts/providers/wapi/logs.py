"""W-API's log of the webhooks that it sent in the last 30 days.

Its address is documented, its shape is not: an entry carries the body as an object or as text, under one of several
names, or is the body itself.
"""

import json
from datetime import UTC, datetime
from typing import Any

from accounts.providers import errors
from accounts.providers.base import LoggedWebhook, LogPage
from accounts.providers.http import Answer
from accounts.providers.wire import Fields, load_embedded, read_moment

PER_PAGE = 50
LISTS = ("logs", "webhookLogs", "webhooks", "data", "items", "results")
BODIES = ("payload", "body", "webhook", "content", "request", "data")
TIMES = ("createdAt", "created_at", "sentAt", "date", "timestamp", "moment", "updatedAt")


def page_in(answer: Answer, page: int) -> LogPage:
    told = answer.json()
    entries = _entries(told)
    if entries is None:
        raise errors.UnexpectedResponse("W-API's answer has no list of webhooks", status=answer.status)
    read = [_logged(entry) for entry in entries]
    webhooks = [one for one in read if one]
    return LogPage(
        webhooks=webhooks, more=_goes_on(told, entries, page), unreadable=len(read) - len(webhooks)
    )


def _entries(told: Any) -> list[Any] | None:
    if isinstance(told, list):
        return told
    fields = Fields(told)
    for name in LISTS:
        found = fields.get(name)
        if isinstance(found, list):
            return found
        if isinstance(found, dict) and (inner := _entries(found)) is not None:
            return inner
    return None


def _goes_on(told: Any, entries: list[Any], page: int) -> bool:
    """Where it does not say how many pages there are, a page that is full is followed by another one."""
    fields = Fields(told)
    pages = fields.count("totalPages", "pages") or fields.inside("data").count("totalPages", "pages")
    return bool(entries) and (page < pages if pages is not None else len(entries) >= PER_PAGE)


def _logged(entry: Any) -> LoggedWebhook | None:
    fields = Fields(entry)
    body = next(filter(None, (_body(fields.get(name)) for name in BODIES)), None) or _body(entry)
    if body is None:
        return None
    times = (_moment(fields.get(name)) for name in TIMES)
    return LoggedWebhook(body=body, sent_at=next(filter(None, times), None))


def _body(value: Any) -> bytes | None:
    """Only what names its line can be taken in."""
    found = load_embedded(value) if isinstance(value, str) else value
    if not isinstance(found, dict) or not Fields(found).word("instanceId") or not Fields(found).word("event"):
        return None
    return json.dumps(found, separators=(",", ":")).encode()


def _moment(value: Any) -> datetime | None:
    found = read_moment(value)
    if found or not isinstance(value, str):
        return found
    try:
        told = datetime.fromisoformat(value)
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
