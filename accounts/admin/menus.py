"""A filter of a list, as the one menu that a page shows for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Menu:
    """The first choice leaves out nothing."""

    title: str
    choices: Sequence[Mapping[str, Any]]

    @property
    def chosen(self) -> str:
        """Empty while it narrows nothing."""
        return next((str(one["display"]) for one in self.choices[1:] if one["selected"]), "")

    @property
    def clear(self) -> str:
        return str(self.choices[0]["query_string"])
