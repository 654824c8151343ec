"""Operators' screens for conversations, webhook events and webhooks out, and the overview on the first page."""

from messaging.admin import conversations, endpoints, events

__all__ = ["conversations", "endpoints", "events"]
