"""Operators' screens for clients, people and instances, and what the screens of every app share."""

from accounts.admin import instances, people, tokens

__all__ = ["instances", "people", "tokens"]
