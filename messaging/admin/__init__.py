"""Operators' screens for conversations, webhook events, sends and webhooks out, and the overview on the first page."""

from messaging.admin import conversations, endpoints, events, outbox

__all__ = ["conversations", "endpoints", "events", "outbox"]
