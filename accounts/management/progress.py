"""Progress bars, where somebody watches: none in a log file."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]


def progress(rows: Iterable[Any] | None = None, *, unit: str, total: int | None = None) -> Any:
    return tqdm(rows, total=total, unit=unit, disable=None, leave=False)


def above_the_bar() -> AbstractContextManager[None]:
    """For lines written while a bar is shown."""
    paused: AbstractContextManager[None] = tqdm.external_write_mode()
    return paused
