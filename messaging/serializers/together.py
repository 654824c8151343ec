"""Rows that are shown together are completed together, so that a page costs as many queries as one row."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from accounts.serializers import Shown

PREVIEW = 90


class Together(serializers.ListSerializer[Any]):
    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data)
        child: Any = self.child
        child.complete(rows)
        return [child.to_representation(row) for row in rows]


class Completed(Shown[Any]):
    # No docstring: it would become the description of each row in the API's document.

    def complete(self, rows: Sequence[Any]) -> None:
        """Read for all rows at once what is shown of each; whoever hands them in need not care."""
        raise NotImplementedError

    def to_representation(self, instance: Any) -> Any:
        if not isinstance(self.parent, Together):
            self.complete([instance])
        return super().to_representation(instance)


class WordField(serializers.ChoiceField):
    """One of some words, or none."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, read_only=True, allow_blank=True, **options)


def one_line(text: str) -> str:
    return " ".join(text.split())
