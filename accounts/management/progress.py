"""What people see while a command works: a bar where somebody watches, and no log line per row."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]


def progress(rows: Iterable[Any] | None = None, *, unit: str, total: int | None = None) -> Any:
    return tqdm(rows, total=total, unit=unit, disable=None, leave=False)


def above_the_bar() -> AbstractContextManager[None]:
    """For lines written while a bar is shown."""
    paused: AbstractContextManager[None] = tqdm.external_write_mode()
    return paused


@contextmanager
def quiet_log(verbosity: int) -> Iterator[None]:
    """The command sums up what services log row by row; ``--verbosity 2`` shows both."""
    root = logging.getLogger()
    before = root.level
    if verbosity < 2:
        root.setLevel(max(before, logging.WARNING))
    try:
        yield
    finally:
        root.setLevel(before)
