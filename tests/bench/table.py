"""Results as a small table."""

import logging
from dataclasses import dataclass

log = logging.getLogger("bench")
HEADER = ("what", "ours", "beside", "ratio", "target", "")


@dataclass(frozen=True)
class Line:
    """``ours`` against ``beside``; ``most`` and ``least`` bound the ratio, or ours itself when it stands alone."""

    what: str
    ours: float
    beside: float | None = None
    most: float | None = None
    least: float | None = None
    digits: int = 2

    @property
    def judged(self) -> float:
        return self.ours / self.beside if self.beside else self.ours

    @property
    def target(self) -> str:
        if self.most is not None:
            return f"<= {self.most:g}"
        return f">= {self.least:g}" if self.least is not None else ""

    @property
    def verdict(self) -> str:
        if not self.target:
            return ""
        met = self.judged <= self.most if self.most is not None else self.judged >= (self.least or 0)
        return "met" if met else "NOT MET"

    @property
    def cells(self) -> tuple[str, ...]:
        beside = "" if self.beside is None else f"{self.beside:,.{self.digits}f}"
        ratio = f"{self.judged:.2f}" if self.beside else ""
        return self.what, f"{self.ours:,.{self.digits}f}", beside, ratio, self.target, self.verdict


def show(title: str, lines: list[Line], note: str = "") -> None:
    rows = [HEADER, *(line.cells for line in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
    log.info("\n%s", title)
    for row in rows:
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
        log.info("  %s", "  ".join(cells).rstrip())
    if note:
        log.info("  %s", note)
