"""A storage of somebody else's that takes nothing."""

from typing import Any

from django.core.files.storage import FileSystemStorage


class FullStorage(FileSystemStorage):
    def _save(self, name: str, content: Any) -> str:
        raise ConnectionError("the bucket is full")
