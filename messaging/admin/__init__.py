"""Operators' screens for conversations, webhook events, sends and webhooks out, and the overview on the first page."""

from messaging.admin import contacts, conversations, endpoints, events, exports, keeping, outbox

__all__ = ["contacts", "conversations", "endpoints", "events", "exports", "keeping", "outbox"]
