"""Errors told to Sentry, when an administrator wants that: where they happened, never what was said."""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger

# Whose words are our own; a database's or a library's may quote what somebody wrote.
OUR_MODULES = ("accounts.", "media.", "messaging.", "multichat.")
KEPT_OF_REQUEST = ("method",)
# What our log lines carry beside their words: ids, counts and words of our own.
TELLING = (
    "webhook_event", "instance", "message", "media_file", "outbox_item", "endpoint", "delivery", "attempt", "strategy",
    "state", "request_id", "logger",
)  # fmt: skip


def begin(dsn: str, environment: str, release: str, transport: Any = None) -> None:
    if not dsn:
        return
    # Their messages name the path, which may be a credential.
    ignore_logger("django.request")
    ignore_logger("django.security.DisallowedHost")
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release or None,
        transport=transport,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="",
        traces_sample_rate=0,
        auto_session_tracking=False,
        before_send=without_contents,
        integrations=[LoggingIntegration(event_level=40, sentry_logs_level=None)],
    )


def without_contents(event: Any, hint: dict[str, Any]) -> Any:
    """What is left: the classes of errors, where in the code, which route, and ids."""
    told = _told(hint.get("log_record"))
    event["extra"] = {name: told[name] for name in TELLING if name in told}
    if "logentry" in event or "message" in event:
        event.pop("message", None)
        event["logentry"] = {"message": str(told.get("event", "an error"))[:200]}
    for one in (event.get("exception") or {}).get("values") or []:
        _without_words(one)
    request = event.get("request")
    if request is not None:
        event["request"] = {name: request[name] for name in KEPT_OF_REQUEST if name in request}
    if (event.get("transaction_info") or {}).get("source") == "url":
        event.pop("transaction", None)
    for name in ("user", "breadcrumbs", "modules", "server_name"):
        event.pop(name, None)
    return event


def _told(record: Any) -> dict[str, Any]:
    """A line of ours carries its values beside its words; of anybody else's line not even the words are kept."""
    said = getattr(record, "msg", None)
    return said if isinstance(said, dict) else {}


def _without_words(one: dict[str, Any]) -> None:
    if not str(one.get("module", "")).startswith(OUR_MODULES):
        one["value"] = ""
    for frame in (one.get("stacktrace") or {}).get("frames") or []:
        frame.pop("vars", None)
