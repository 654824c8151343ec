"""Operators' screens for clients, people and instances, and what the screens of every app share."""

from accounts.admin import instances, lockouts, people, signing_in, tokens, trail

__all__ = ["instances", "lockouts", "people", "signing_in", "tokens", "trail"]
