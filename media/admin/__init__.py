"""The media ledger for operators: what is there, what is not and why, and "Download again"."""

from media.admin import files

__all__ = ["files"]
