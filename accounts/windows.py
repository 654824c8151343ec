"""Windows of time over tables that may hold millions of rows: as long as asked for, unless too much lies in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Window:
    """``is_cut``: so much came that the figures begin later than was asked for."""

    since: datetime
    is_cut: bool = False


def window_over(rows: Any, time_field: str, *, since: datetime, most: int) -> Window:
    """Since then, or since the row after the ``most`` newest: one look along the index on ``time_field``."""
    newest = rows.filter(**{f"{time_field}__gte": since}).order_by(f"-{time_field}", "-id")
    first = newest.values_list(time_field, flat=True)[most : most + 1]
    cut = next(iter(first), None)
    return Window(since) if cut is None else Window(cut, is_cut=True)
