"""Structured logs: one line per event, with ids instead of contents."""

import logging.config
import re
import sys
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
_CREDENTIAL = re.compile(r"(/webhook/receive/|/media/links/)[^\s'\"]+")


def usual_format(*, debug: bool) -> str:
    """Lines for people where one sits at a terminal."""
    return "console" if debug or sys.stderr.isatty() else "json"


def logging_config(style: str, level: str) -> None:
    renderer: Any = structlog.processors.JSONRenderer()
    if style == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(_handlers(renderer, level))


def _handlers(renderer: Any, level: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                "foreign_pre_chain": [*_SHARED, _drop_keys],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.utils.autoreload": {"level": "WARNING"},
            # Each request has a line of ours.
            "django.request": {"level": "ERROR"},
            "urllib3": {"level": "WARNING"},
            # At DEBUG these two quote what pages show and what rows hold.
            "django.template": {"level": "INFO"},
            "django.db.backends": {"level": "INFO"},
            # Failed logins and lockouts are told by ourselves, by the user's id.
            "axes": {"level": "ERROR"},
        },
    }


def _drop_keys(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Django's own lines name the path; the one of a webhook, or of a link to a file, is a credential."""
    for name in ("event", "exception"):
        text = event.get(name)
        if isinstance(text, str):
            event[name] = _CREDENTIAL.sub(r"\1…", text)
    return event
