"""Data that people take along: one person's, a conversation's or a client's, as a ZIP of pages, JSON and files."""

from messaging.services.exporting.exporter import Exporter, make_now
from messaging.services.exporting.reading import Parts, chunks, file_name
from messaging.services.exporting.requesting import note_download, remove, remove_over, request_export

__all__ = [
    "Exporter",
    "Parts",
    "chunks",
    "file_name",
    "make_now",
    "note_download",
    "remove",
    "remove_over",
    "request_export",
]
