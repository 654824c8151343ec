"""Erasing one person's data, as the law gives everybody the right to."""

from messaging.services.erasing.person import (
    erase,
    erase_some,
    find_contact,
    preview,
    request_erasure,
)

__all__ = ["erase", "erase_some", "find_contact", "preview", "request_erasure"]
