"""Operators' screens for conversations and webhook events, and the overview on the first page."""

from messaging.admin import conversations, events

__all__ = ["conversations", "events"]
